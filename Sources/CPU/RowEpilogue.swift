import MartletCore
import MartletKernelTable

/// An epilogue for results of few channels that are finished already: rows of many pixels are treated as columns of one,
/// with bias, scale and shift repeated for 64 pixels.
struct RowEpilogue {
  private var epilogue: ResolvedEpilogue
  private let length: Int
  private let repeated: CPUBuffer?

  init(_ epilogue: ResolvedEpilogue, channels: Int, on device: CPUDevice) throws {
    self.epilogue = epilogue
    length = channels * 64
    let operands = [epilogue.bias, epilogue.scale, epilogue.shift]
    let hasOperands = operands.contains { $0 != nil }
    guard hasOperands else {
      repeated = nil
      return
    }
    let memory = try device.scratch(floats: 3 * length + 16)
    let (length, to) = (length, memory.floats)
    func extended(_ index: Int) -> UnsafePointer<Float>? {
      guard let values = operands[index] else { return nil }
      for i in 0..<length { to[index * length + i] = values[i % channels] }
      return UnsafePointer(to + index * length)
    }
    self.epilogue.bias = extended(0)
    self.epilogue.scale = extended(1)
    self.epilogue.shift = extended(2)
    repeated = memory
  }

  /// Finishes `count` results that begin with a pixel, `start` from the first.
  func apply(
    to result: UnsafeMutablePointer<Float>, from start: Int, count: Int, _ kernels: MatrixKernels
  ) {
    guard !epilogue.isEmpty else { return }
    var done = 0
    withUnsafeTemporaryAllocation(of: Int.self, capacity: MatrixKernels.blockRows) { offsets in
      while done < count {
        let width = min(length, count - done)
        let rows = min(MatrixKernels.blockRows, (count - done) / width)
        for row in 0..<rows { offsets[row] = start + done + row * width }
        let strips = Strips(columns: width, kernels)
        for index in 0..<strips.count {
          let strip = strips[index]
          var tile = TileResult(
            c: result + strip.first, offsets: UnsafePointer(offsets.baseAddress!), columns: strip.columns)
          epilogue.apply(to: &tile, column: strip.first, element: strip.first)
          strip.tile.finishBlock(rows: rows, tile)
        }
        done += rows * width
      }
    }
    withExtendedLifetime(repeated) {}
  }
}
