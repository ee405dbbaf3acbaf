import MartletCore

extension Encoder {
  func gather(_ g: Gather, inputs: [Operand], y: Operand) throws {
    let count = y.shape.count
    try run(
      "gather", of: "gather",
      macros: y.dtype.byteCount == 4 ? ["T=uint", "W=uint"] : ["T=uchar", "W=uchar"],
      [.array(inputs[0]), .array(inputs[1]), .array(y), .int(count), g.numbers], items: count)
  }

  func scatterAdd(_ g: Gather, inputs: [Operand], x: Operand) throws {
    let columns = g.outer * g.inner
    try run(
      "scatterAdd", of: "gather",
      macros: x.dtype == .float32 ? ["T=float", "W=float"] : ["T=int", "W=uint"],
      [.array(inputs[0]), .array(inputs[1]), .array(x), .int(columns), g.numbers], items: columns)
  }

  func topK(_ k: Int, x: Operand, outputs: [Operand]) throws {
    guard x.shape.count > 0, k > 0, let length = x.shape.sizes.last else { return }
    let rows = x.shape.count / length
    try run(
      "topK", of: "gather", macros: ["T=\(x.dtype.name)", "W=\(x.dtype.name)"],
      [.array(x), .array(outputs[0]), .array(outputs[1]), .int(rows), .int(length), .int(k)], items: rows)
  }
}

extension Gather {
  fileprivate var numbers: Encoder.Argument { .ints([outer, axis, inner, count, isBatched ? 1 : 0]) }
}
