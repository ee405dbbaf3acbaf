import MartletTestSupport
import Testing

struct InitializerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let initializer: Initializer
    let mean: Double
    let deviation: Double
    let bound: Float
    var testDescription: String { "\(initializer)" }
  }
  /// For a kernel (3, 3, 8, 32): fan in 72, fan out 288. A truncated normal ends at two standard deviations of the
  /// wider normal it is cut from.
  static let cases = [
    Case(initializer: .glorotUniform, mean: 0, deviation: 0.07454, bound: 0.129_1),
    Case(initializer: .glorotNormal, mean: 0, deviation: 0.07454, bound: 0.169_5),
    Case(initializer: .heUniform, mean: 0, deviation: 0.16667, bound: 0.288_7),
    Case(initializer: .heNormal, mean: 0, deviation: 0.16667, bound: 0.379),
    Case(initializer: .lecunUniform, mean: 0, deviation: 0.11785, bound: 0.204_2),
    Case(initializer: .lecunNormal, mean: 0, deviation: 0.11785, bound: 0.268),
    Case(initializer: .randomUniform(low: -1, high: 3), mean: 1, deviation: 1.1547, bound: 3),
    Case(initializer: .randomNormal(mean: 2, standardDeviation: 0.5), mean: 2, deviation: 0.5, bound: 6),
    Case(initializer: .zeros, mean: 0, deviation: 0, bound: 0),
    Case(initializer: .ones, mean: 1, deviation: 0, bound: 1),
    Case(initializer: .constant(0.5), mean: 0.5, deviation: 0, bound: 0.5),
  ]

  /// Within five standard errors for 2304 numbers.
  @Test(arguments: cases) func momentsAndBounds(example: Case) throws {
    let layer = Conv2D(32, kernelSize: 3, kernelInitializer: example.initializer)
    try withContext(seed: 3) { try layer.build(input: [5, 5, 8]) }
    let w = layer.kernel.value
    #expect(abs(Double(try w.mean().item()) - example.mean) <= 5 * example.deviation / 48 + 1e-6)
    #expect(
      abs(Double(try w.standardDeviation().item()) - example.deviation) <= 5 * example.deviation / 68 + 1e-6)
    #expect(try w.abs().max().item() <= example.bound)
  }

  @Test func valuesAreAFunctionOfSeedAndPath() throws {
    func values(seed: UInt64) throws -> [[Float]] {
      let model = Sequential {
        Dense(4)
        Dense(4)
      }
      try withContext(seed: seed) { try model.build(input: [4]) }
      return model.parameters.filter { $0.name.hasSuffix("kernel") }.map { [Float]($0.parameter.value) }
    }
    let first = try values(seed: 1)
    #expect(try values(seed: 1) == first)
    #expect(try values(seed: 2) != first)
    #expect(first[0] != first[1])
  }
}
