import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// Jobs are rows of the array that is written.
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
    let weights = isMaximum ? [] : geometry.averageWeights
    switch pass {
    case .forward:
      let positions = isMaximum ? outputs[1].ints : nil
      forEachRow(of: geometry.output, geometry, work: geometry.window.count) { image, row, depth, height in
        withUnsafePointer(to: window) { window in
          if let positions {
            elements.poolMaximumRow(window, x + image * input, y + row, positions + row, depth, height)
          } else {
            elements.poolAverageRow(window, weights, x + image * input, y + row, depth, height)
          }
        }
      }
    case .backward:
      let positions = isMaximum ? UnsafePointer(inputs[1].ints) : nil
      var columns = [Int](repeating: 0, count: 2 * geometry.input.width)
      withUnsafePointer(to: window) { elements.poolColumns($0, &columns) }
      let windows = geometry.window.count * geometry.output.count / max(1, geometry.input.count)
      forEachRow(of: geometry.input, geometry, work: windows + 1) { [columns] image, row, depth, height in
        let dy = x + image * output
        withUnsafePointer(to: window) { window in
          if let positions {
            elements.poolMaximumBackwardRow(
              window, columns, dy, positions + image * output, y + row, depth, height)
          } else {
            elements.poolAverageBackwardRow(window, columns, weights, dy, y + row, depth, height)
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

  /// Calls `body` for all rows of the images' x or y, some of them in a job.
  ///
  /// - Parameters:
  ///   - work: steps for each element.
  ///   - body: (image, where the row begins, its depth and its height)
  private func forEachRow(
    of extent: Extent, _ geometry: PoolingGeometry, work: Int, _ body: (Int, Int, Int, Int) -> Void
  ) {
    let width = extent.width * geometry.channels
    let planes = extent.depth * extent.height
    let rows = geometry.batch * planes
    let parts = Parts(rows, smallest: max(1, 2 * elementsPerJob / max(1, width * work)))
    parallel(parts.count) { (part: Int) in
      for row in parts[part] {
        body(row / planes, row * width, row / extent.height % extent.depth, row % extent.height)
      }
    }
  }
}

extension PoolingGeometry {
  /// What the mean over each window multiplies by: 1 / (its elements), of an image.
  fileprivate var averageWeights: [Float] {
    let inside = (0..<3).map { axis in
      (0..<output[axis]).map { place in
        let start = place * strides[axis] - paddingBefore[axis]
        let elements = min(start + window[axis], input[axis]) - max(start, 0)
        return kind == .averageWithPadding ? window[axis] : elements
      }
    }
    var weights: [Float] = []
    weights.reserveCapacity(output.count)
    for depth in inside[0] {
      for height in inside[1] {
        for width in inside[2] { weights.append(1 / Float(depth * height * width)) }
      }
    }
    return weights
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
  }
}
