import MartletCore
import Testing

/// Products against three loops in Double. Factors are multiples of 1/64 below 1, so a product of k terms is off by at
/// most k rounding errors of 2^-24 of a sum below k: 1e-6 times k is generous for the k of these cases.
@Suite struct GemmTests {
  static let products: [GEMM] = [
    GEMM(m: 1, n: 1, k: 1), GEMM(m: 1, n: 70, k: 33), GEMM(m: 7, n: 10, k: 64), GEMM(m: 13, n: 64, k: 5),
    GEMM(m: 29, n: 131, k: 37), GEMM(m: 30, n: 33, k: 17, transposeB: true),
    GEMM(m: 5, n: 96, k: 7, transposeB: true),
    GEMM(m: 31, n: 80, k: 19, transposeA: true), GEMM(m: 3, n: 9, k: 11, transposeA: true),
    GEMM(m: 26, n: 20, k: 13, transposeA: true, transposeB: true), GEMM(m: 17, n: 15, k: 1030),
    GEMM(m: 25, n: 48, k: 1030, transposeA: true), GEMM(m: 260, n: 16, k: 3),
    GEMM(m: 9, n: 21, k: 6, batch: 3), GEMM(m: 9, n: 21, k: 6, batch: 3, sharesA: true),
    GEMM(m: 33, n: 5, k: 8, transposeB: true, batch: 2, sharesB: true), GEMM(m: 4, n: 3, k: 0),
    GEMM(m: 2, n: 4200, k: 520), GEMM(m: 1, n: 130, k: 2500), GEMM(m: 3, n: 1031, k: 2050, transposeA: true),
    GEMM(m: 2, n: 64, k: 4100, batch: 2), GEMM(m: 130, n: 260, k: 8, transposeA: true),
    GEMM(m: 1, n: 70, k: 65, transposeA: true, transposeB: true), GEMM(m: 2, n: 3, k: 130, transposeB: true),
    GEMM(m: 3, n: 66, k: 201, transposeB: true, batch: 2), GEMM(m: 4, n: 5, k: 256, transposeB: true),
    GEMM(m: 4, n: 300, k: 263, transposeB: true, batch: 2, sharesA: true),
    GEMM(m: 2, n: 9, k: 1030, transposeB: true, batch: 2, sharesB: true),
    GEMM(m: 1, n: 1, k: 80, transposeB: true), GEMM(m: 3, n: 130, k: 3001, transposeB: true),
    GEMM(m: 70, n: 37, k: 32, batch: 2), GEMM(m: 40, n: 9, k: 0),
  ]

  /// One column, one term or few, in every way that they can be stored.
  static let thin: [GEMM] = [
    GEMM(m: 37, n: 1, k: 130), GEMM(m: 5, n: 1, k: 9, batch: 3),
    GEMM(m: 70, n: 1, k: 301, batch: 2, sharesA: true),
    GEMM(m: 14, n: 1, k: 66, batch: 2, sharesB: true), GEMM(m: 6, n: 1, k: 0), GEMM(m: 5, n: 70, k: 0),
    GEMM(m: 1, n: 1, k: 201),
    GEMM(m: 19, n: 1, k: 1), GEMM(m: 40, n: 200, k: 1), GEMM(m: 13, n: 67, k: 1, batch: 2),
    GEMM(m: 1, n: 9, k: 1),
    GEMM(m: 11, n: 331, k: 3), GEMM(m: 3, n: 700, k: 70), GEMM(m: 4, n: 1500, k: 128),
    GEMM(m: 29, n: 64, k: 4, batch: 2, sharesA: true),
  ].flatMap { product in
    [false, true].flatMap { transposeA in
      [false, true].map { transposeB in
        var product = product
        (product.transposeA, product.transposeB) = (transposeA, transposeB)
        return product
      }
    }
  }

  /// Few results over a long k, whose shares are summed apart, and more rows than one tile of dot products has.
  static let long: [GEMM] = [
    GEMM(m: 60, n: 16, k: 2100), GEMM(m: 50, n: 33, k: 1030, transposeB: true),
    GEMM(m: 61, n: 9, k: 2500, transposeA: true, batch: 2),
    GEMM(m: 30, n: 17, k: 1100, transposeA: true, transposeB: true),
    GEMM(m: 13, n: 70, k: 2048), GEMM(m: 7, n: 1031, k: 2050),
    GEMM(m: 7, n: 9, k: 300, transposeB: true),
    GEMM(m: 12, n: 70, k: 401, transposeB: true, batch: 2, sharesB: true),
    GEMM(m: 16, n: 5, k: 513, transposeB: true), GEMM(m: 31, n: 19, k: 770, transposeB: true),
    GEMM(m: 11, n: 90, k: 270, transposeA: true, transposeB: true, batch: 2),
    GEMM(m: 6, n: 50, k: 385, transposeA: true, transposeB: true, batch: 2, sharesA: true),
  ]

  @Test(arguments: Devices.all)
  func matchesTheDefinition(_ device: TestDevice) throws {
    for product in Self.products + Self.thin + Self.long { try check(product, .none, on: device) }
  }

  @Test(arguments: Devices.all)
  func epilogues(_ device: TestDevice) throws {
    for activation in Epilogue.Activation.allCases {
      for hasBias in [false, true] {
        let epilogue = Epilogue(
          hasBias: hasBias, hasScale: !hasBias || activation == .tanh, hasShift: !hasBias,
          hasResidual: !hasBias, activation: activation,
          hasMask: hasBias && activation == .linear || !hasBias && activation == .relu)
        try check(GEMM(m: 14, n: 75, k: 9), epilogue, on: device)
        try check(GEMM(m: 14, n: 33, k: 700, transposeA: true), epilogue, on: device)
        try check(GEMM(m: 50, n: 90, k: 6), epilogue, on: device)
        try check(GEMM(m: 3, n: 75, k: 200, transposeB: true), epilogue, on: device)
        try check(GEMM(m: 27, n: 1, k: 70, batch: 2), epilogue, on: device)
        try check(GEMM(m: 14, n: 75, k: 1), epilogue, on: device)
        try check(GEMM(m: 20, n: 18, k: 1100), epilogue, on: device)
        try check(GEMM(m: 9, n: 21, k: 300, transposeB: true), epilogue, on: device)
      }
    }
    try check(
      GEMM(m: 2, n: 1031, k: 2050),
      Epilogue(hasBias: true, hasScale: true, hasResidual: true, activation: .relu),
      on: device)
    try check(
      GEMM(m: 6, n: 37, k: 4, batch: 2), Epilogue(hasBias: true, hasResidual: true, activation: .tanh),
      on: device)
  }

  /// Infinity times zero is not a number, and neither must be lost, nor come to other results.
  @Test(arguments: Devices.all)
  func notANumber(_ device: TestDevice) throws {
    for product in Self.products + Self.thin + Self.long
    where product.k > 0 && product.m < 200 && product.n < 900 {
      var a: [Float] = try inputs(product, .none)[0].values()
      var b: [Float] = try inputs(product, .none)[1].values()
      a[a.count / 2] = 0
      b[0] = .infinity
      b[b.count - 1] = -.infinity
      a[a.count - 1] = .nan
      let expected = definition(product, a, b)
      let shapes = shapes(product)
      let actual = try device.run(
        .gemm(product, .none), [HostArray(a, shape: shapes.a), HostArray(b, shape: shapes.b)],
        output: shapes.c)
      for (one, other) in zip(actual, expected) {
        let isAlike = one.isNaN == other.isNaN && (one.isFinite || one.isNaN || Double(one) == other)
        #expect(isAlike && one.isFinite == other.isFinite, "\(product)")
      }
    }
  }

  @Test func aWrongElementIsReported() {
    #expect(firstDifference([1, 2.1], [1, 2], relative: 1e-6, absolute: 1e-6) == 1)
    #expect(firstDifference([.nan], [0], relative: 1, absolute: 1) == 0)
    #expect(firstDifference([1, 2], [1, 2.000001], relative: 1e-6, absolute: 0) == nil)
  }

  @Test func bitsDoNotDependOnThreads() throws {
    for product in [
      GEMM(m: 300, n: 130, k: 600), GEMM(m: 70, n: 200, k: 40, transposeA: true), GEMM(m: 8, n: 300, k: 3000),
      GEMM(m: 900, n: 300, k: 8, transposeA: true), GEMM(m: 3, n: 900, k: 3001, transposeB: true),
      GEMM(m: 64, n: 16, k: 2048), GEMM(m: 30, n: 100, k: 3001, transposeA: true, transposeB: true),
      GEMM(m: 11, n: 900, k: 3001), GEMM(m: 900, n: 300, k: 2), GEMM(m: 900, n: 1, k: 700),
      GEMM(m: 15, n: 300, k: 900, transposeB: true),
    ] {
      try expectSameBits(
        threadsOf: .gemm(product, .none), try inputs(product, .none), output: shapes(product).c)
    }
  }

  private func shapes(_ g: GEMM) -> (a: Shape, b: Shape, c: Shape) {
    (
      [g.sharesA ? 1 : g.batch, g.transposeA ? g.k : g.m, g.transposeA ? g.m : g.k],
      [g.sharesB ? 1 : g.batch, g.transposeB ? g.n : g.k, g.transposeB ? g.k : g.n], [g.batch, g.m, g.n]
    )
  }

  private func inputs(_ product: GEMM, _ epilogue: Epilogue) throws -> [HostArray] {
    let shapes = shapes(product)
    return [noise(shapes.a, seed: 1), noise(shapes.b, seed: 2)] + operands(of: epilogue, result: shapes.c)
  }

  private func check(_ g: GEMM, _ epilogue: Epilogue, on device: TestDevice) throws {
    let inputs = try inputs(g, epilogue)
    var expected = definition(g, inputs[0].values(), inputs[1].values())
    applyEpilogue(epilogue, to: &expected, columns: g.n, Array(inputs.dropFirst(2)))
    let actual = try device.run(.gemm(g, epilogue), inputs, output: shapes(g).c)
    expectClose(actual, expected, relative: 1e-6, absolute: 1e-6 * Double(1 + g.k), "\(g) \(epilogue)")
  }

  private func definition(_ g: GEMM, _ a: [Float], _ b: [Float]) -> [Double] {
    var expected: [Double] = []
    for i in 0..<g.batch {
      let aStart = g.sharesA ? 0 : i * g.m * g.k
      let bStart = g.sharesB ? 0 : i * g.k * g.n
      for m in 0..<g.m {
        for n in 0..<g.n {
          var sum = 0.0
          for k in 0..<g.k {
            sum +=
              Double(a[aStart + (g.transposeA ? k * g.m + m : m * g.k + k)])
              * Double(b[bStart + (g.transposeB ? n * g.k + k : k * g.n + n)])
          }
          expected.append(sum)
        }
      }
    }
    return expected
  }
}
