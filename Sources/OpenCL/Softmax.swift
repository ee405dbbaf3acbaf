import MartletCore

extension Encoder {
  func softmax(logarithm: Bool, x: Operand, y: Operand) throws {
    let (rows, length) = Self.rows(of: x.shape)
    try run("softmax", [x, y], [rows, length, logarithm ? 1 : 0], rows: rows)
  }

  func crossEntropy(inputs: [Operand], losses: Operand) throws {
    let (rows, classes) = Self.rows(of: inputs[0].shape)
    try run("crossEntropy", [inputs[0], inputs[1], losses], [rows, classes], rows: rows)
  }

  func crossEntropyBackward(inputs: [Operand], dx: Operand) throws {
    let (rows, classes) = Self.rows(of: inputs[0].shape)
    try run("crossEntropyBackward", inputs.prefix(3) + [dx], [rows, classes], rows: rows)
  }

  /// Runs a kernel with an item for each row.
  private func run(_ name: String, _ arrays: [Operand], _ numbers: [Int], rows: Int) throws {
    try run(
      name, of: "softmax", macros: ["LANES=8"],
      arrays.map { .array($0) } + numbers.map { .int($0) }, items: rows, group: shape.group)
  }

  /// A row is the last axis; no rows where an axis has no elements.
  private static func rows(of shape: Shape) -> (rows: Int, length: Int) {
    guard shape.count > 0, let length = shape.sizes.last else { return (0, 0) }
    return (shape.count / length, length)
  }
}
