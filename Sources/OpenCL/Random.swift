import MartletCore

extension Encoder {
  func random(_ distribution: Distribution, key: [Operand], y: Operand) throws {
    let count = y.shape.count
    let lanes = shape.isForCPUs ? 16 : 1
    try run(
      "randomNumbers", of: "random", macros: ["LANES=\(lanes)"],
      [
        .array(y), .int(count), .int(Int(distribution.rawValue)), .word(key[0].word), .word(key[1].word),
      ], items: (count + 4 * lanes - 1) / (4 * lanes),
      group: shape.group)
  }
}
