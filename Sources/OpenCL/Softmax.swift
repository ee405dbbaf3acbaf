import MartletCore

extension Encoder {
  func softmax(logarithm: Bool, x: Operand, y: Operand) throws {
    let (rows, length) = Self.rows(of: x.shape)
    try run(
      "softmax", of: "softmax",
      [.array(x), .array(y), .int(rows), .int(length), .int(logarithm ? 1 : 0)], items: rows)
  }

  func crossEntropy(inputs: [Operand], losses: Operand) throws {
    let (rows, classes) = Self.rows(of: inputs[0].shape)
    try run(
      "crossEntropy", of: "softmax",
      [.array(inputs[0]), .array(inputs[1]), .array(losses), .int(rows), .int(classes)], items: rows)
  }

  func crossEntropyBackward(inputs: [Operand], dx: Operand) throws {
    let (rows, classes) = Self.rows(of: inputs[0].shape)
    try run(
      "crossEntropyBackward", of: "softmax",
      (inputs.prefix(3) + [dx]).map { .array($0) } + [.int(rows), .int(classes)], items: rows)
  }

  /// A row is the last axis; no rows where an axis has no elements.
  private static func rows(of shape: Shape) -> (rows: Int, length: Int) {
    guard shape.count > 0, let length = shape.sizes.last else { return (0, 0) }
    return (shape.count / length, length)
  }
}
