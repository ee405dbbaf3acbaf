import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// Forward passes run over rows of outputs; backward passes over images, which no two windows of different jobs
  /// share, and over slabs of channels where there are few images.
  func pooling(
    _ pass: PoolingPass, _ geometry: PoolingGeometry, inputs: [Operand], outputs: [Operand]
  ) throws {
    let channels = geometry.channels
    let (input, output) = (geometry.input.count * channels, geometry.output.count * channels)
    guard geometry.batch * channels > 0 else { return }
    let window = PoolingWindow(geometry)
    let isMaximum = geometry.kind == .max
    let x = UnsafePointer(inputs[0].floats)
    let y = outputs[0].floats
    let elements = kernels.elements
    switch pass {
    case .forward:
      let positions = isMaximum ? outputs[1].ints : nil
      let width = geometry.output.width * channels
      let height = geometry.output.height
      let rows = geometry.batch * geometry.output.depth * height
      let work = max(1, width * geometry.window.count)
      let group = max(1, 2 * elementsPerJob / work)
      parallel((rows + group - 1) / group) { job in
        withUnsafePointer(to: window) { window in
          for row in job * group..<min((job + 1) * group, rows) {
            let image = x + row / (geometry.output.depth * height) * input
            let (depth, high) = (row / height % geometry.output.depth, row % height)
            if let positions {
              elements.poolMaximumRow(window, image, y + row * width, positions + row * width, depth, high)
            } else {
              elements.poolAverageRow(window, image, y + row * width, depth, high)
            }
          }
        }
      }
    case .backward:
      let positions = isMaximum ? UnsafePointer(inputs[1].ints) : nil
      let slab = geometry.batch >= 8 ? channels : 32
      let slabs = (channels + slab - 1) / slab
      parallel(geometry.batch * slabs) { job in
        let image = job / slabs
        let first = job % slabs * slab
        let end = min(first + slab, channels)
        if let positions {
          elements.poolMaximumBackward(
            x + image * output, positions + image * output, y + image * input, geometry.output.count,
            geometry.input.count, channels, first, end)
        } else {
          withUnsafePointer(to: window) {
            elements.poolAverageBackward($0, x + image * output, y + image * input, first, end)
          }
        }
      }
    case .pick:
      let positions = UnsafePointer(inputs[1].ints)
      parallel(geometry.batch) { image in
        elements.poolPick(
          x + image * input, positions + image * output, y + image * output, geometry.output.count, channels)
      }
    }
  }
}

extension PoolingWindow {
  fileprivate init(_ geometry: PoolingGeometry) {
    self.init()
    inputDepth = geometry.input.depth
    inputHeight = geometry.input.height
    inputWidth = geometry.input.width
    outputDepth = geometry.output.depth
    outputHeight = geometry.output.height
    outputWidth = geometry.output.width
    depth = geometry.window.depth
    height = geometry.window.height
    width = geometry.window.width
    depthStride = geometry.strides.depth
    heightStride = geometry.strides.height
    widthStride = geometry.strides.width
    depthPadding = geometry.paddingBefore.depth
    heightPadding = geometry.paddingBefore.height
    widthPadding = geometry.paddingBefore.width
    channels = geometry.channels
    countsPadding = geometry.kind == .averageWithPadding
  }
}
