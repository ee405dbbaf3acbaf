import Glibc
import MartletCore

/// One axis of a box that is copied: its size, and the steps on both sides.
private struct Axis {
  var size: Int
  var input: Int
  var output: Int
}

extension CPUDevice {
  func copy(_ copy: StridedCopy, inputs: [Operand], outputs: [Operand]) throws {
    let y = outputs[0]
    let covered = copy.pieces.reduce(0) { $0 + $1.shape.count }
    if covered < y.shape.count, let background = inputs.last {
      try fill(inputs: [background], outputs: [y])
    }
    for (piece, x) in zip(copy.pieces, inputs) where piece.shape.count > 0 {
      let axes = Self.merged(piece)
      let bytes = y.dtype.byteCount
      let (from, to) = (x.raw + piece.inputOffset * bytes, y.raw + piece.outputOffset * bytes)
      if bytes == 4 {
        move(axes, from.assumingMemoryBound(to: UInt32.self), to.assumingMemoryBound(to: UInt32.self))
      } else {
        move(axes, from.assumingMemoryBound(to: UInt8.self), to.assumingMemoryBound(to: UInt8.self))
      }
    }
  }

  /// The axes of a piece by falling steps in the output; those of one element left out, those that walk through both
  /// sides as one merged.
  private static func merged(_ piece: StridedCopy.Piece) -> [Axis] {
    var axes = piece.shape.sizes.indices
      .map { Axis(size: piece.shape[$0], input: piece.inputStrides[$0], output: piece.outputStrides[$0]) }
      .filter { $0.size > 1 }
    axes.sort { abs($0.output) > abs($1.output) }
    var result: [Axis] = []
    for axis in axes {
      if let outer = result.last, outer.input == axis.input * axis.size,
        outer.output == axis.output * axis.size
      {
        result[result.count - 1] = Axis(size: outer.size * axis.size, input: axis.input, output: axis.output)
      } else {
        result.append(axis)
      }
    }
    return result
  }

  /// Copies runs along the last axis; where another axis is the dense one of the input, squares of both.
  private func move<T: BitwiseCopyable>(
    _ axes: [Axis], _ x: UnsafeMutablePointer<T>, _ y: UnsafeMutablePointer<T>
  ) {
    guard var run = axes.last else {
      y[0] = x[0]
      return
    }
    var outer = Array(axes.dropLast())
    var across: Axis?
    if run.output == 1, run.input != 1, run.input != 0,
      let index = outer.firstIndex(where: { $0.input == 1 })
    {
      across = outer.remove(at: index)
    }
    // Long axes are cut, so that there is something to share out.
    func cut(_ axis: inout Axis, to length: Int) -> Int {
      guard axis.size > length else { return axis.size }
      let rest = axis.size % length
      outer.append(
        Axis(
          size: axis.size / length + (rest > 0 ? 1 : 0), input: axis.input * length,
          output: axis.output * length))
      defer { axis.size = length }
      return rest == 0 ? length : rest
    }
    var cutsAcross = false
    var lastLength = run.size
    if var axis = across {
      cutsAcross = axis.size > 64
      lastLength = cut(&axis, to: 64)
      across = axis
    } else {
      cutsAcross = run.size > 4 * elementsPerJob
      lastLength = cut(&run, to: 4 * elementsPerJob)
    }
    let total = outer.reduce(1) { $0 * $1.size }
    let work = run.size * (across?.size ?? 1)
    let group = max(1, 2 * elementsPerJob / work)
    let shared = outer
    let (row, column) = (run, across)
    parallel((total + group - 1) / group) { job in
      for index in job * group..<min((job + 1) * group, total) {
        var rest = index
        var (from, to) = (0, 0)
        var isLast = false
        for (number, axis) in shared.enumerated().reversed() {
          let quotient = rest / axis.size
          let place = rest - quotient * axis.size
          from += place * axis.input
          to += place * axis.output
          rest = quotient
          if number == shared.count - 1 { isLast = cutsAcross && place == axis.size - 1 }
        }
        let (x, y) = (x + from, y + to)
        if let column {
          transpose(x, y, row, column, isLast ? lastLength : column.size)
        } else {
          Self.copyRun(x, y, row, isLast ? lastLength : row.size)
        }
      }
    }
  }

  @inline(__always)
  private static func copyRun<T: BitwiseCopyable>(
    _ x: UnsafeMutablePointer<T>, _ y: UnsafeMutablePointer<T>, _ axis: Axis, _ count: Int
  ) {
    if axis.output == 1 && axis.input == 1 {
      if count < 16 {
        for i in 0..<count { y[i] = x[i] }
      } else {
        memcpy(y, x, count * MemoryLayout<T>.stride)
      }
    } else if axis.output == 1 && axis.input == 0 {
      y.update(repeating: x[0], count: count)
    } else {
      for i in 0..<count { y[i * axis.output] = x[i * axis.input] }
    }
  }

  /// y[i, j] = x[j, i] in squares: `row` is dense in y, `column` in x.
  private func transpose<T: BitwiseCopyable>(
    _ x: UnsafeMutablePointer<T>, _ y: UnsafeMutablePointer<T>, _ row: Axis, _ column: Axis, _ columns: Int
  ) {
    if let x = x as? UnsafeMutablePointer<UInt32>, let y = y as? UnsafeMutablePointer<UInt32> {
      let (from, to) = (UnsafeMutableRawPointer(x), UnsafeMutableRawPointer(y))
      return kernels.elements.transposeRows(
        from.assumingMemoryBound(to: Float.self), row.input, row.size, columns,
        to.assumingMemoryBound(to: Float.self), column.output)
    }
    for first in stride(from: 0, to: row.size, by: 16) {
      let end = min(first + 16, row.size)
      for j in 0..<columns {
        let target = y + j * column.output
        let source = x + j
        for i in first..<end { target[i] = source[i * row.input] }
      }
    }
  }
}
