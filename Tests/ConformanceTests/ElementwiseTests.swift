import Glibc
import MartletCore
import MartletDefinitions
import Testing

@Suite struct ElementwiseTests {
  @Test(arguments: Trial.elementwise)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

  /// Powers that are exact in float32 come out exact.
  @Test(arguments: DevicePair.all)
  func powersOfWholeNumbers(pair: DevicePair) throws {
    let bases: [Float] = (-10...10).map { Float($0) }
    let x = HostArray(bases, shape: [21, 1])
    let exponents: [Float] = [0, 1, 2, 3, 4, 5, 6, -1]
    let actual = try pair.run(
      .elementwise(.single(.power)), [x, HostArray(exponents)], output: [21, 8])
    for (i, base) in bases.enumerated() {
      for (j, exponent) in exponents.enumerated() {
        #expect(actual[i * 8 + j] == Float(Glibc.pow(Double(base), Double(exponent))))
      }
    }
  }
}
