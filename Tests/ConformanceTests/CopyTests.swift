import MartletCore
import Testing

@Suite struct CopyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var inputs: [Shape]
    var output: Shape
    var pieces: [StridedCopy.Piece]
  }
  private typealias Piece = StridedCopy.Piece

  static let cases: [Case] = [
    Case(
      testDescription: "whole", inputs: [[70_001]], output: [70_001],
      pieces: [Piece(shape: [70_001], inputStrides: [1], outputStrides: [1])]),
    Case(
      testDescription: "transposed", inputs: [[67, 131]], output: [131, 67],
      pieces: [Piece(shape: [131, 67], inputStrides: [1, 131], outputStrides: [67, 1])]),
    Case(
      testDescription: "channels first", inputs: [[2, 9, 7, 5]], output: [2, 5, 9, 7],
      pieces: [Piece(shape: [2, 5, 9, 7], inputStrides: [315, 1, 35, 5], outputStrides: [315, 63, 7, 1])]),
    Case(
      testDescription: "channels last", inputs: [[5, 3, 130]], output: [5, 130, 3],
      pieces: [Piece(shape: [5, 130, 3], inputStrides: [390, 1, 130], outputStrides: [390, 3, 1])]),
    Case(
      testDescription: "transposed and flipped", inputs: [[37, 50]], output: [52, 41],
      pieces: [
        Piece(
          shape: [50, 37], inputOffset: 36 * 50, inputStrides: [1, -50], outputOffset: 45,
          outputStrides: [41, 1])
      ]),
    Case(
      testDescription: "axes reversed", inputs: [[3, 4, 5, 6, 7]], output: [7, 6, 5, 4, 3],
      pieces: [
        Piece(
          shape: [7, 6, 5, 4, 3], inputStrides: [1, 7, 42, 210, 840], outputStrides: [360, 60, 12, 3, 1])
      ]),
    Case(
      testDescription: "padded", inputs: [[2, 5, 6, 3]], output: [2, 8, 9, 3],
      pieces: [
        Piece(
          shape: [2, 5, 6, 3], inputStrides: [90, 18, 3, 1], outputOffset: 30, outputStrides: [216, 27, 3, 1])
      ]),
    Case(
      testDescription: "cropped", inputs: [[4, 9, 8]], output: [2, 5, 3],
      pieces: [
        Piece(
          shape: [2, 5, 3], inputOffset: 72 + 8 + 2, inputStrides: [72, 8, 1], outputStrides: [15, 3, 1])
      ]),
    Case(
      testDescription: "flipped", inputs: [[6, 20]], output: [6, 20],
      pieces: [Piece(shape: [6, 20], inputOffset: 119, inputStrides: [-20, -1], outputStrides: [20, 1])]),
    Case(
      testDescription: "repeated", inputs: [[5, 3]], output: [4, 5, 2, 3],
      pieces: [Piece(shape: [4, 5, 2, 3], inputStrides: [0, 3, 0, 1], outputStrides: [30, 6, 3, 1])]),
    Case(
      testDescription: "elements repeated", inputs: [[5]], output: [5, 40],
      pieces: [Piece(shape: [5, 40], inputStrides: [1, 0], outputStrides: [40, 1])]),
    Case(
      testDescription: "concatenated", inputs: [[3, 4], [3, 2], [3, 7]], output: [3, 13],
      pieces: [
        Piece(shape: [3, 4], inputStrides: [4, 1], outputStrides: [13, 1]),
        Piece(shape: [3, 2], inputStrides: [2, 1], outputOffset: 4, outputStrides: [13, 1]),
        Piece(shape: [3, 7], inputStrides: [7, 1], outputOffset: 6, outputStrides: [13, 1]),
      ]),
    Case(
      testDescription: "spread out", inputs: [[10]], output: [39],
      pieces: [Piece(shape: [10], inputStrides: [1], outputOffset: 2, outputStrides: [4])]),
    Case(
      testDescription: "one element", inputs: [[]], output: [3],
      pieces: [Piece(shape: [], inputStrides: [], outputOffset: 1, outputStrides: [])]),
    Case(testDescription: "nothing", inputs: [], output: [300], pieces: []),
  ]

  @Test(arguments: DevicePair.all, cases)
  func copies(pair: DevicePair, testCase: Case) throws {
    let inputs = testCase.inputs.enumerated().map { noise($1, seed: UInt64(50 + $0)) }
    let values = inputs.map { $0.values(as: Float.self) }
    var expected = [Float](repeating: -9, count: testCase.output.count)
    for (piece, source) in zip(testCase.pieces, values) {
      for element in 0..<piece.shape.count {
        var (rest, from, to) = (element, piece.inputOffset, piece.outputOffset)
        for axis in piece.shape.sizes.indices.reversed() {
          let coordinate = rest % piece.shape[axis]
          rest /= piece.shape[axis]
          from += coordinate * piece.inputStrides[axis]
          to += coordinate * piece.outputStrides[axis]
        }
        expected[to] = source[from]
      }
    }
    let primitive = Primitive.copy(StridedCopy(testCase.pieces))
    let actual = try pair.run(primitive, inputs, scalars: [.scalar(-9 as Float)], output: testCase.output)
    #expect(actual == expected)
    let bytes = zip(inputs, values).map { HostArray($1.map { UInt8($0 * 64 + 64) }, shape: $0.shape) }
    let moved: [UInt8] = try pair.run(
      primitive, bytes, scalars: [.scalar(200 as Int32)], outputs: [(testCase.output, .uint8)])[0].values()
    #expect(moved == expected.map { $0 == -9 ? 200 : UInt8($0 * 64 + 64) })
  }

  @Test(arguments: DevicePair.all)
  func fill(pair: DevicePair) throws {
    for count in [0, 1, 3, 17, 300_001] {
      let number = Operand.scalar(2.5 as Float)
      let outputs: [(Shape, DType)] = DType.allCases.map { ([count], $0) }
      let results = try outputs.map { try pair.run(.fill, [], scalars: [number], outputs: [$0])[0] }
      #expect(results[0].values(as: Float.self).allSatisfy { $0 == 2.5 })
      #expect(results[1].values(as: Int32.self).allSatisfy { $0 == 2 })
      #expect(results[2].values(as: UInt8.self).allSatisfy { $0 == 2 })
      #expect(results[3].values(as: Bool.self).allSatisfy { $0 })
    }
    let large: [Int32] = try pair.run(
      .fill, [], scalars: [.scalar(2_000_000_001 as Int32)], outputs: [([9], .int32)])[0].values()
    #expect(large == [Int32](repeating: 2_000_000_001, count: 9))
  }
}
