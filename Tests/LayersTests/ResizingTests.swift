import MartletTestSupport
import Testing

struct ResizingTests {
  typealias Case = CatalogTests.Case

  static let cases = [
    Case("Resizing(height: 3, width: 5)", [2, 4, 2], [3, 5, 2]) { Resizing(height: 3, width: 5) },
    Case("Resizing(height: 1, width: 7, interpolation: .nearest)", [2, 4, 2], [1, 7, 2]) {
      Resizing(height: 1, width: 7, interpolation: .nearest)
    },
    Case("LeakyReLU()", [4], [4]) { LeakyReLU() },
    Case("LeakyReLU(negativeSlope: 0.2)", [4], [4]) { LeakyReLU(negativeSlope: 0.2) },
    Case("ELU()", [4], [4]) { ELU() },
    Case("ELU(alpha: 0.5)", [4], [4]) { ELU(alpha: 0.5) },
    Case("Softmax()", [4], [4]) { Softmax() },
    Case("Softmax(axis: 1)", [3, 2], [3, 2]) { Softmax(axis: 1) },
  ]

  @Test(arguments: cases) func printsBuildsAndRuns(layer: Case) throws {
    try CatalogTests().printsBuildsAndRuns(layer: layer)
  }

  @Test(arguments: cases) func gradients(layer: Case) throws {
    try expectGradients(layer.make(), layer.input)
  }

  /// The source whose centre is nearest: the one under the centre of the target.
  @Test(arguments: [(2, 3), (3, 8), (7, 1)]) func nearestByDefinition(height: Int, width: Int) {
    let x = samples([2, 4, 5, 2], seed: 1)
    func source(_ target: Int, _ size: Int, _ from: Int) -> Int {
      Int((Double(target) + 0.5) * Double(from) / Double(size))
    }
    let expected = positions([2, height, width, 2]).map {
      x.element([$0[0], source($0[1], height, 4), source($0[2], width, 5), $0[3]])
    }
    let layer = Resizing(height: height, width: width, interpolation: .nearest)
    #expect(mismatch(layer(x), expected, tolerance: 0) == nil)
  }

  /// Between the centres of pixels, the border continued outwards.
  @Test func bilinearByDefinition() {
    let x = samples([1, 4, 5, 1], seed: 1)
    func taps(_ target: Int, _ size: Int, _ from: Int) -> [(Int, Double)] {
      let centre = (Double(target) + 0.5) * Double(from) / Double(size) - 0.5
      let lower = centre.rounded(.down)
      return [(Int(lower), 1 - centre + lower), (Int(lower) + 1, centre - lower)].map {
        (min(max($0.0, 0), from - 1), $0.1)
      }
    }
    let expected = positions([1, 7, 3, 1]).map { place in
      taps(place[1], 7, 4).reduce(0.0) { sum, row in
        taps(place[2], 3, 5).reduce(sum) { $0 + row.1 * $1.1 * x.element([0, row.0, $1.0, 0]) }
      }
    }
    #expect(mismatch(Resizing(height: 7, width: 3)(x), expected) == nil)
  }

  @Test func activationsByDefinition() {
    let x = Tensor([-2, -0.5, 0, 3] as [Float], shape: [1, 4])
    #expect(mismatch(LeakyReLU()(x), [-0.6, -0.15, 0, 3]) == nil)
    #expect(mismatch(ELU(alpha: 2)(x), [2 * (0.135_335_283 - 1), 2 * (0.606_530_66 - 1), 0, 3]) == nil)
    let sums = [Float](Softmax(axis: 1)(samples([2, 3, 2], seed: 1)).sum(axes: 1))
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
  }
}
