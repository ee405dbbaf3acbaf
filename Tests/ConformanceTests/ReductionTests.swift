import MartletCore
import Testing

@Suite struct ReductionTests {
  static let sizes: [[Int]] = [
    [1, 1, 1], [3, 37, 1], [2, 5, 7], [5, 1, 9], [1, 1000, 3], [1, 40_000, 1], [1, 3000, 10], [1, 1700, 64],
    [2, 3, 5000], [4, 0, 3], [2, 0, 1], [300, 3, 2], [3, 700, 17], [1, 200, 300],
  ]

  @Test(arguments: DevicePair.all, sizes)
  func floats(pair: DevicePair, sizes: [Int]) throws {
    let (outer, length, inner) = (sizes[0], sizes[1], sizes[2])
    let x = noise([outer, length, inner], seed: 5)
    let values = x.doubles
    for kind in Reduction.Kind.allCases {
      // Products of factors near one stay in range.
      let factors = kind == .product ? values.map { 1 + $0 / 64 } : values
      let input = HostArray(factors.map { Float($0) }, shape: x.shape)
      let exact = input.doubles
      let expected = (0..<outer * inner).map { index in
        reduced(kind, (0..<length).map { exact[(index / inner * length + $0) * inner + index % inner] })
      }
      let primitive = Primitive.reduction(
        Reduction(kind, outer: outer, length: length, inner: inner), of: nil)
      let isPlace = kind == .argMinimum || kind == .argMaximum
      let result = try pair.run(
        primitive, [input], outputs: [([outer, inner], isPlace ? .int32 : .float32)])[0]
      let actual = isPlace ? result.values(as: Int32.self).map { Float($0) } : result.values(as: Float.self)
      let magnitude = Double(length).squareRoot()
      expectMatches(
        actual, expected, relative: kind == .product ? 1e-4 : 0,
        absolute: kind == .sum ? 1e-6 * magnitude : 0,
        "\(kind) \(sizes)")
    }
  }

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

  /// A program of whole numbers, one whose result is a number, and one that reads truth values.
  @Test(arguments: DevicePair.all) func ofUnusualPrograms(pair: DevicePair) throws {
    let reduction = Reduction(.sum, outer: 1, length: 5, inner: 3)
    let integers = HostArray((0..<15).map { Int32($0) }, shape: [5, 3])
    let squares = try pair.run(
      .reduction(reduction, of: .single(.square, isInteger: true)), [integers], outputs: [([1, 3], .int32)])
    #expect(squares[0].values(as: Int32.self) == [270, 335, 410])
    let number = ElementwiseProgram(inputCount: 2, instructions: [.init(.negate, 1)], results: [2])
    let sums = try pair.run(
      .reduction(reduction, of: number), [noise([5, 3], seed: 1)], scalars: [.scalar(2 as Float)],
      output: [1, 3])
    #expect(sums == [-10, -10, -10])
    let truths = try pair.run(
      .elementwise(.single(.less, isInteger: true)), [integers], scalars: [.scalar(7 as Int32)],
      outputs: [([5, 3], .bool)])
    let count = try pair.run(.reduction(reduction, of: .single(.identity)), truths, output: [1, 3])
    #expect(count == [3, 2, 2])
  }

  private func reduced(_ kind: Reduction.Kind, _ x: [Double]) -> Double {
    switch kind {
    case .sum: x.reduce(0, +)
    case .product: x.reduce(1, *)
    case .minimum: x.min() ?? .infinity
    case .maximum: x.max() ?? -.infinity
    case .argMinimum: Double(x.indices.first { x[$0] == x.min() } ?? 0)
    case .argMaximum: Double(x.indices.first { x[$0] == x.max() } ?? 0)
    }
  }

  /// A NaN is smaller and larger than everything, as in NumPy.
  @Test(arguments: DevicePair.all, [[2, 50, 1], [1, 50, 5], [1, 200, 20]])
  func notANumber(pair: DevicePair, sizes: [Int]) throws {
    let (outer, length, inner) = (sizes[0], sizes[1], sizes[2])
    var values: [Float] = noise([outer, length, inner], seed: 6).values()
    values[17 * inner] = .nan
    values[23 * inner] = .nan
    let x = HostArray(values, shape: [outer, length, inner])
    for kind in Reduction.Kind.allCases {
      let primitive = Primitive.reduction(
        Reduction(kind, outer: outer, length: length, inner: inner), of: nil)
      if kind == .argMinimum || kind == .argMaximum {
        let places: [Int32] = try pair.run(primitive, [x], outputs: [([outer, inner], .int32)])[0].values()
        #expect(places[0] == 17)
      } else {
        let results = try pair.run(primitive, [x], output: [outer, inner])
        #expect(results[0].isNaN)
        #expect(!results[1].isNaN)
      }
    }
  }

  @Test(arguments: DevicePair.all, [[3, 50, 1], [2, 40, 7], [2, 0, 3]])
  func integers(pair: DevicePair, sizes: [Int]) throws {
    let (outer, length, inner) = (sizes[0], sizes[1], sizes[2])
    let values: [Int32] = noise([outer, length, inner], seed: 7).values().map { Int32($0 * 1e9) }
    let x = HostArray(values, shape: [outer, length, inner])
    for kind in Reduction.Kind.allCases {
      let primitive = Primitive.reduction(
        Reduction(kind, outer: outer, length: length, inner: inner), of: nil)
      let actual: [Int32] = try pair.run(primitive, [x], outputs: [([outer, inner], .int32)])[0].values()
      for index in 0..<outer * inner {
        let line = (0..<length).map { values[(index / inner * length + $0) * inner + index % inner] }
        let expected: Int32 =
          switch kind {
          case .sum: line.reduce(0, &+)
          case .product: line.reduce(1, &*)
          case .minimum: line.min() ?? .max
          case .maximum: line.max() ?? .min
          case .argMinimum: Int32(line.indices.first { line[$0] == line.min() } ?? 0)
          case .argMaximum: Int32(line.indices.first { line[$0] == line.max() } ?? 0)
          }
        #expect(actual[index] == expected, "\(kind) \(sizes)")
      }
    }
  }

  @Test(arguments: DevicePair.all)
  func truthsAreCounted(pair: DevicePair) throws {
    let truths = (0..<1000).map { $0 % 3 == 0 }
    let primitive = Primitive.reduction(Reduction(.sum, outer: 1, length: 1000, inner: 1), of: nil)
    let count: [Int32] = try pair.run(primitive, [HostArray(truths)], outputs: [([], .int32)])[0].values()
    #expect(count == [334])
    #expect(try pair.run(primitive, [HostArray(truths)], output: []) == [334])
  }

  /// A long sum of numbers of one sign keeps almost every digit.
  @Test(arguments: DevicePair.all)
  func longSumsAreAccurate(pair: DevicePair) throws {
    let count = 1 << 17
    let x = HostArray([Float](repeating: 0.1, count: count))
    let primitive = Primitive.reduction(Reduction(.sum, outer: 1, length: count, inner: 1), of: nil)
    let sum = try pair.run(primitive, [x], output: [])
    expectClose(sum, [Double(Float(0.1)) * Double(count)], relative: 1e-5, absolute: 0)
  }
}
