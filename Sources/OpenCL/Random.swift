import MartletCore

extension Encoder {
  func random(_ distribution: Distribution, key: [Operand], y: Operand) throws {
    let count = y.shape.count
    try run(
      "randomNumbers", of: "random",
      [
        .array(y), .int(count), .int(Int(distribution.rawValue)), .word(key[0].word), .word(key[1].word),
      ], items: (count + 3) / 4)
  }
}
