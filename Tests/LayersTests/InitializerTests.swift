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

  /// The kernels of the paper, by the formula of its published program, and none between different channels.
  @Test(arguments: [4, 16, 3, 1]) func bilinearKernelsAreTents(size: Int) throws {
    let layer = Conv2DTranspose(2, kernelSize: Spatial([size]), strides: 2, kernelInitializer: .bilinear)
    try layer.build(input: [3, 3, 2])
    let factor = (size + 1) / 2
    let center = size % 2 == 1 ? Double(factor - 1) : Double(factor) - 0.5
    func tent(_ place: Int) -> Double { 1 - abs(Double(place) - center) / Double(factor) }
    let expected = positions([size, size, 2, 2]).map { place in
      place[2] == place[3] ? tent(place[0]) * tent(place[1]) : 0
    }
    #expect(mismatch(layer.kernel.value, expected, shape: [size, size, 2, 2]) == nil)
  }

  /// A plane stays a plane where it is enlarged, but at the border.
  @Test func bilinearKernelsInterpolate() throws {
    let layer = Conv2DTranspose(
      1, kernelSize: 4, strides: 2, padding: .same, useBias: false, kernelInitializer: .bilinear)
    func plane(_ y: Double, _ x: Double) -> Double { 3 * y - 2 * x + 1 }
    let x = Tensor(
      positions([5, 6]).map { Float(plane(Double($0[0]), Double($0[1]))) }, shape: [1, 5, 6, 1])
    let y = layer(x)
    #expect(y.shape == [1, 10, 12, 1])
    for place in positions([8, 10]).map({ [$0[0] + 1, $0[1] + 1] }) {
      let expected = plane((Double(place[0]) - 0.5) / 2, (Double(place[1]) - 0.5) / 2)
      #expect(abs(y.element([0] + place + [0]) - expected) < 1e-5)
    }
    // Every group of channels by itself.
    let groups = Conv2DTranspose(3, kernelSize: 4, strides: 2, groups: 3, kernelInitializer: .bilinear)
    try groups.build(input: [2, 2, 3])
    #expect(groups.kernel.value.shape == [4, 4, 1, 3])
    #expect([Float](groups.kernel.value).prefix(3).allSatisfy { $0 == 0.0625 })
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
