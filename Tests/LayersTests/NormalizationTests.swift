import MartletTestSupport
import Testing

struct NormalizationTests {
  typealias Case = CatalogTests.Case

  static let cases = [
    Case("LayerNormalization()", [3, 4], [3, 4], parameters: 8) { LayerNormalization() },
    Case("LayerNormalization(axis: 1, epsilon: 0.1, center: false)", [3, 4], [3, 4], parameters: 3) {
      LayerNormalization(axis: 1, epsilon: 0.1, center: false)
    },
    Case("GroupNormalization(groups: 2)", [3, 2, 4], [3, 2, 4], parameters: 8) {
      GroupNormalization(groups: 2)
    },
    Case("GroupNormalization(groups: -1, center: false, scale: false)", [3, 2, 4], [3, 2, 4]) {
      GroupNormalization(groups: -1, center: false, scale: false)
    },
    Case("LocalResponseNormalization()", [2, 2, 6], [2, 2, 6]) { LocalResponseNormalization() },
    Case(
      "LocalResponseNormalization(depthRadius: 2, bias: 2.0, alpha: 0.5, beta: 0.75)", [2, 2, 6], [2, 2, 6]
    ) {
      LocalResponseNormalization(depthRadius: 2, bias: 2, alpha: 0.5, beta: 0.75)
    },
  ]

  @Test(arguments: cases) func printsBuildsAndRuns(layer: Case) throws {
    try CatalogTests().printsBuildsAndRuns(layer: layer)
  }

  @Test(arguments: cases) func gradients(layer: Case) throws {
    try expectGradients(layer.make(), layer.input)
  }

  /// (x - mean) / √(variance + epsilon), the statistics taken over the elements that belong together.
  private func normalized(_ x: Tensor, epsilon: Double, _ belong: ([Int], [Int]) -> Bool) -> [Double] {
    let places = positions(x.shape.sizes)
    return places.map { place in
      let group = places.filter { belong($0, place) }.map(x.element)
      let mean = group.reduce(0, +) / Double(group.count)
      let variance = group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(group.count)
      return (x.element(place) - mean) / (variance + epsilon).squareRoot()
    }
  }

  @Test func byDefinition() throws {
    let x = samples([2, 3, 2, 4], seed: 1, low: -1, high: 3)
    let channels = normalized(x, epsilon: 1e-3) { $0.prefix(3) == $1.prefix(3) }
    #expect(mismatch(LayerNormalization()(x), channels) == nil)
    let rows = normalized(x, epsilon: 1e-3) { $0[0] == $1[0] && $0[2...] == $1[2...] }
    #expect(mismatch(LayerNormalization(axis: 1)(x), rows) == nil)
    let pairs = normalized(x, epsilon: 1e-3) { $0[0] == $1[0] && $0[3] / 2 == $1[3] / 2 }
    #expect(mismatch(GroupNormalization(groups: 2)(x), pairs) == nil)
    let single = normalized(x, epsilon: 1e-3) { $0[0] == $1[0] && $0[3] == $1[3] }
    #expect(mismatch(GroupNormalization(groups: -1)(x), single) == nil)
  }

  @Test func scaleAndShiftGoWithTheAxis() throws {
    let x = samples([2, 3, 4], seed: 1)
    let layer = LayerNormalization(axis: 1)
    let plain = [Float](layer(x)).map(Double.init)
    layer.gamma!.value = Tensor([1, 2, 3] as [Float])
    layer.beta!.value = Tensor([0, 10, 20] as [Float])
    let expected = zip(plain, positions([2, 3, 4])).map { $0 * Double($1[1] + 1) + Double($1[1] * 10) }
    #expect(mismatch(layer(x), expected) == nil)
  }

  @Test func localResponseByDefinition() {
    let x = samples([1, 2, 1, 5], seed: 1)
    let expected = positions([1, 2, 1, 5]).map { place -> Double in
      let squares = (place[3] - 1...place[3] + 1).map { x.element(place.dropLast() + [$0]) }
      return x.element(place) / (1 + 0.5 * squares.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }
    #expect(mismatch(LocalResponseNormalization(depthRadius: 1, alpha: 0.5)(x), expected) == nil)
  }

  @Test func channelsThatDoNotDivideAreRefused() {
    #expect(
      refusal(GroupNormalization(groups: 3), [2, 4])
        == "GroupNormalization needs an input (N, ..., C) whose channels divide by groups 3; received 1x2x4")
    #expect(
      refusal(LayerNormalization(axis: 0), [4])
        == "LayerNormalization along axis 0 needs an input that has this axis after the batch; received 1x4")
  }
}
