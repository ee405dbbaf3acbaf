import MartletCore
import MartletDefinitions
import Testing

@Suite struct GemmTests {
  @Test(arguments: Trial.gemm)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

  /// Infinity times zero is not a number, and neither must be lost, nor come to other results.
  @Test func notANumber() throws {
    for case .gemm(let g, .none) in Trial.gemm.map(\.primitive) where g.k > 0 && g.m < 200 && g.n < 900 {
      let arrays = g.inputs()
      var (a, b) = (arrays[0].values(as: Float.self), arrays[1].values(as: Float.self))
      a[a.count / 2] = 0
      b[0] = .infinity
      b[b.count - 1] = -.infinity
      a[a.count - 1] = .nan
      let inputs = [HostArray(a, shape: g.aShape), HostArray(b, shape: g.bShape)]
      let output = Trial.Output(g.cShape, relative: 1e-6, absolute: 1e-6 * Double(1 + g.k))
      try expectDefined(Trial(.gemm(g, .none), "\(g)", inputs, outputs: [output]))
    }
  }

  /// What every comparison with a definition hangs on.
  @Test func distancesAreInUnitsOfWhatIsAllowed() {
    let output = Trial.Output([], relative: 0.25, absolute: 0.5)
    #expect(output.error(2.5, 2) == 0.5)
    #expect(output.error(4, 2) == 2)
    #expect(output.error(.nan, 0) == .infinity && output.error(0, .nan) == .infinity)
    #expect(output.error(.nan, .nan) == 0)
    #expect(output.error(.infinity, 1e39) == 0 && output.error(3e38, 1e39) == .infinity)
    let exact = Trial.Output([], .int32)
    #expect(exact.error(3, 3) == 0 && exact.error(3, 4) == .infinity)
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
        threadsOf: .gemm(product, .none), product.inputs(), output: product.cShape)
    }
  }
}
