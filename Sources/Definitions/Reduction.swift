import MartletCore

extension Reduction {
  /// - Parameter dtype: the type of the result.
  func defined(
    _ inputs: [HostArray], _ numbers: [Number], of program: ElementwiseProgram?, dtype: DType
  ) -> [Double] {
    var (x, isInteger) = (inputs[0].doubles, inputs[0].dtype != .float32)
    if let program {
      let shape = inputs.map(\.shape).max { $0.count < $1.count } ?? []
      // Of no elements, a program makes none.
      x = length == 0 ? [] : program.defined(inputs, numbers, shape: shape)[0]
      isInteger = program.isInteger
    }
    return (0..<outer * inner).map { index in
      let line = (0..<length).map { x[(index / inner * length + $0) * inner + index % inner] }
      return isInteger && dtype != .float32 ? whole(line) : real(line)
    }
  }

  /// A NaN is smaller and larger than everything, as in NumPy.
  private func real(_ x: [Double]) -> Double {
    let nan = x.firstIndex { $0.isNaN }
    switch kind {
    case .sum: return x.reduce(0, +)
    case .product: return x.reduce(1, *)
    case .minimum: return nan == nil ? x.min() ?? .infinity : .nan
    case .maximum: return nan == nil ? x.max() ?? -.infinity : .nan
    case .argMinimum, .argMaximum: return place(x, nan)
    }
  }

  /// Whole numbers wrap around.
  private func whole(_ x: [Double]) -> Double {
    let x = x.map { Int32($0) }
    switch kind {
    case .sum: return Double(x.reduce(0, &+))
    case .product: return Double(x.reduce(1, &*))
    case .minimum: return Double(x.min() ?? .max)
    case .maximum: return Double(x.max() ?? .min)
    case .argMinimum, .argMaximum: return place(x.map(Double.init), nil)
    }
  }

  /// The first NaN, else the first smallest or largest; 0 where there is nothing.
  private func place(_ x: [Double], _ nan: Int?) -> Double {
    let wanted = kind == .argMinimum ? x.min() : x.max()
    return Double(nan ?? x.firstIndex { $0 == wanted } ?? 0)
  }
}

extension Trial {
  /// Every kind along short axes and long ones, of floats, of whole numbers and of what a program makes.
  public static var reduction: [Trial] {
    let sizes = [
      [1, 1, 1], [3, 37, 1], [2, 5, 7], [5, 1, 9], [1, 1000, 3], [1, 40_000, 1], [1, 3000, 10],
      [1, 1700, 64],
      [2, 3, 5000], [4, 0, 3], [2, 0, 1], [300, 3, 2], [3, 700, 17], [1, 200, 300],
    ]
    let ofPrograms = sizes + [[1, 70_000, 2], [7000, 2, 2], [2, 40, 9000]]
    return Reduction.Kind.allCases.flatMap { kind in
      sizes.map { floats(kind, $0) }
        + [[3, 50, 1], [2, 40, 7], [2, 0, 3]].map { integers(kind, $0) }
        // A long product of such numbers is as good as zero.
        + ofPrograms.filter { kind != .product || $0[1] < 50 }.map { program(kind, $0) }
    } + unusual
  }

  public static var reductionOfNaN: [Trial] {
    Reduction.Kind.allCases.flatMap { kind in
      [[2, 50, 1], [1, 50, 5], [1, 200, 20]].map { floats(kind, $0, hasNaN: true) }
    }
  }

  static var largeReduction: [Trial] { [floats(.sum, [1, 5000, 200]), floats(.maximum, [1, 200, 5000])] }

  private static func trial(
    _ kind: Reduction.Kind, _ sizes: [Int], _ what: String, of program: ElementwiseProgram? = nil,
    dtype: DType = .float32, inputs: @escaping @Sendable () -> [HostArray]
  ) -> Trial {
    let reduction = Reduction(kind, outer: sizes[0], length: sizes[1], inner: sizes[2])
    let isPlace = kind == .argMinimum || kind == .argMaximum
    return Trial(
      .reduction(reduction, of: program), "\(kind) of \(Shape(sizes)) \(what)", inputs(),
      outputs: [
        Output(
          [sizes[0], sizes[2]], isPlace ? .int32 : dtype, relative: kind == .product ? 1e-4 : 0,
          absolute: kind == .sum ? 1e-6 * Double(sizes[1]).squareRoot() : 0)
      ])
  }

  private static func floats(_ kind: Reduction.Kind, _ sizes: [Int], hasNaN: Bool = false) -> Trial {
    trial(kind, sizes, hasNaN ? "numbers and NaN" : "numbers") {
      // Products of factors near one stay in range.
      let x = noise(Shape(sizes), seed: 5).map { kind == .product ? 1 + $0 / 64 : $0 }
      var values: [Float] = x.values()
      if hasNaN { for row in [17, 23] { values[row * sizes[2]] = .nan } }
      return [HostArray(values, shape: x.shape)]
    }
  }

  private static func integers(_ kind: Reduction.Kind, _ sizes: [Int]) -> Trial {
    trial(kind, sizes, "whole numbers", dtype: .int32) {
      let values = noise(Shape(sizes), seed: 7).values(as: Float.self)
      return [HostArray(values.map { Int32($0 * 1e9) }, shape: Shape(sizes))]
    }
  }

  /// (x + row) * column * number + x, with the row first: the largest input shows the shape. All of it is exact in
  /// float32, but for sums and products.
  private static func program(_ kind: Reduction.Kind, _ sizes: [Int]) -> Trial {
    let program = ElementwiseProgram(
      inputCount: 4,
      instructions: [.init(.add, 1, 0), .init(.multiply, 4, 2), .init(.multiplyAdd, 5, 3, 1)], results: [6])
    return trial(kind, sizes, "results of a program", of: program) {
      [
        noise([sizes[2]], seed: 6), noise(Shape(sizes), seed: 5), noise([sizes[1], 1], seed: 7),
        noise([1], seed: 8),
      ]
    }
  }

  /// A program of whole numbers, one whose result is a number, truth values, and a long sum of numbers of one sign.
  private static var unusual: [Trial] {
    let number = ElementwiseProgram(inputCount: 2, instructions: [.init(.negate, 1)], results: [2])
    let count = Reduction(.sum, outer: 1, length: 1000, inner: 1)
    let truths = HostArray((0..<1000).map { $0 % 3 == 0 })
    let length = 1 << 17
    return [
      trial(
        .sum, [1, 5, 3], "squares of whole numbers", of: .single(.square, isInteger: true), dtype: .int32
      ) {
        [HostArray((0..<15).map { Int32($0) }, shape: [5, 3])]
      },
      Trial(
        .reduction(Reduction(.sum, outer: 1, length: 5, inner: 3), of: number), "sum of a number",
        [noise([5, 3], seed: 1)], numbers: [.float(2)], outputs: [Output([1, 3])]),
      Trial(
        .reduction(count, of: nil), "truth values as whole numbers", [truths], outputs: [Output([], .int32)]),
      Trial(.reduction(count, of: nil), "truth values as numbers", [truths], outputs: [Output([])]),
      Trial(
        .reduction(count, of: .single(.identity)), "truth values through a program", [truths],
        outputs: [Output([])]),
      Trial(
        .reduction(Reduction(.sum, outer: 1, length: length, inner: 1), of: nil), "\(length) equal numbers",
        [HostArray([Float](repeating: 0.1, count: length))], outputs: [Output([], relative: 1e-5)]),
    ]
  }
}
