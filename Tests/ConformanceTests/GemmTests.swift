import MartletCore
import MartletDefinitions
import Testing

@Suite struct GemmTests {
  @Test(arguments: Trial.gemm)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

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
    ] {
      try expectSameBits(
        threadsOf: .gemm(product, .none), product.inputs(), output: product.cShape)
    }
  }
}
