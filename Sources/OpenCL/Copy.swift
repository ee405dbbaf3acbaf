import MartletCore

extension Encoder {
  func copy(_ copy: StridedCopy, inputs: [Operand], y: Operand) throws {
    let covered = copy.pieces.reduce(0) { $0 + $1.shape.count }
    if covered < y.shape.count, let background = inputs.last { try fill(number: background, y: y) }
    let bytes = y.dtype.byteCount
    for (piece, x) in zip(copy.pieces, inputs) where piece.shape.count > 0 {
      let count = piece.shape.count
      if Self.isRun(piece.shape, piece.inputStrides) && Self.isRun(piece.shape, piece.outputStrides) {
        guard let source = x.buffer, let target = y.buffer else { continue }
        try queue.copy(
          OpenCLBuffer.of(source).memory, at: x.byteOffset + piece.inputOffset * bytes,
          to: OpenCLBuffer.of(target).memory, at: y.byteOffset + piece.outputOffset * bytes,
          byteCount: count * bytes)
        continue
      }
      var (from, to) = (x, y)
      from.byteOffset += piece.inputOffset * bytes
      to.byteOffset += piece.outputOffset * bytes
      let missing = Shape.maximumRank - piece.shape.rank
      func padded(_ numbers: [Int], _ filler: Int) -> [Int] {
        [Int](repeating: filler, count: missing) + numbers
      }
      let sizes = padded(piece.shape.sizes.map { $0 }, 1)
      let (rows, columns) = shape.isForCPUs ? (16, 64) : (1, 1)
      let tiles = (sizes[3] + rows - 1) / rows * ((sizes[4] + columns - 1) / columns)
      let items = count / (sizes[3] * sizes[4]) * tiles
      let box = [items] + sizes + padded(piece.inputStrides, 0) + padded(piece.outputStrides, 0)
      try run(
        "copyBox", of: "copy",
        macros: ["T=\(bytes == 4 ? "uint" : "uchar")", "ROWS=\(rows)", "COLUMNS=\(columns)"],
        [.array(from), .array(to), .ints(box)], items: items, group: shape.group)
    }
  }

  /// Whether the elements of a box lie one after the other.
  private static func isRun(_ shape: Shape, _ strides: [Int]) -> Bool {
    var step = 1
    for axis in strides.indices.reversed() where shape[axis] != 1 {
      if strides[axis] != step { return false }
      step *= shape[axis]
    }
    return true
  }
}
