import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// One row of results after another: rows above one another are summed into one, then its pixels.
  func resampling(_ pass: ResamplingPass, _ geometry: Resampling, inputs: [Operand], outputs: [Operand])
    throws
  {
    var (from, to) = (geometry.input, geometry.output)
    var (vertical, horizontal) = (geometry.taps(axis: 1), geometry.taps(axis: 2))
    if pass == .backward {
      swap(&from, &to)
      vertical = vertical.transposed(count: to.height)
      horizontal = horizontal.transposed(count: to.width)
    }
    let channels = geometry.channels
    let (sourceRow, targetRow) = (from.width * channels, to.width * channels)
    let rows = geometry.batch * to.height
    guard rows > 0, targetRow > 0 else { return }
    let x = UnsafePointer(inputs[0].floats)
    let y = outputs[0].floats
    let group = max(1, elementsPerJob / max(sourceRow, targetRow))
    let resample = kernels.elements.resampleRows
    let (down, across) = (vertical, horizontal)
    parallel((rows + group - 1) / group) { job in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: sourceRow + 16) { memory in
        guard let sum = memory.baseAddress else { return }
        for row in job * group..<min((job + 1) * group, rows) {
          let image = x + row / to.height * from.height * sourceRow
          var line = UnsafePointer(sum)
          if let place = down.copied(row % to.height) {
            line = image + place * sourceRow
          } else {
            down.starts.withUnsafeBufferPointer { starts in
              resample(
                image, starts.baseAddress! + row % to.height, down.places, down.weights, sum, 1, sourceRow)
            }
          }
          resample(
            line, across.starts, across.places, across.weights, y + row * targetRow, to.width, channels)
        }
      }
    }
  }
}
