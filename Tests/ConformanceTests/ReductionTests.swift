import MartletCore
import MartletDefinitions
import Testing

@Suite struct ReductionTests {
  static let sizes: [[Int]] = [
    [1, 1, 1], [3, 37, 1], [2, 5, 7], [5, 1, 9], [1, 1000, 3], [1, 40_000, 1], [1, 3000, 10], [1, 1700, 64],
    [2, 3, 5000], [4, 0, 3], [2, 0, 1], [300, 3, 2], [3, 700, 17], [1, 200, 300],
  ]

  @Test(arguments: Trial.reduction)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

  @Test(arguments: Trial.reductionOfNaN)
  func notANumber(_ trial: Trial) throws { try expectDefined(trial) }

  /// The bits are those of the program's result reduced.
  @Test(arguments: DevicePair.all, sizes + [[1, 70_000, 2], [7000, 2, 2], [2, 40, 9000]])
  func ofPrograms(pair: DevicePair, sizes: [Int]) throws {
    let shape = Shape(sizes)
    let row = noise([sizes[2]], seed: 6)
    let inputs = [row, noise(shape, seed: 5), noise([sizes[1], 1], seed: 7), noise([1], seed: 8)]
    // (x + row) * column * number + x, with the row first: the largest input shows the shape.
    let program = ElementwiseProgram(
      inputCount: 4,
      instructions: [
        .init(.add, 1, 0), .init(.multiply, 4, 2), .init(.multiplyAdd, 5, 3, 1),
      ], results: [6])
    let whole = try pair.run(.elementwise(program), inputs, outputs: [(shape, .float32)])
    for kind in Reduction.Kind.allCases {
      let reduction = Reduction(kind, outer: sizes[0], length: sizes[1], inner: sizes[2])
      let isPlace = kind == .argMinimum || kind == .argMaximum
      let outputs: [(Shape, DType)] = [([sizes[0], sizes[2]], isPlace ? .int32 : .float32)]
      let plain = try pair.run(.reduction(reduction, of: nil), whole, outputs: outputs)
      #expect(
        try pair.run(.reduction(reduction, of: program), inputs, outputs: outputs) == plain,
        "\(kind) \(sizes)")
    }
  }
}
