import MartletTestSupport
import Testing

struct PoolingTests {
  typealias Case = CatalogTests.Case

  static let cases = [
    Case("MaxPool1D(2)", [7, 2], [3, 2]) { MaxPool1D() },
    Case("MaxPool3D(2, strides: 1, padding: .same)", [2, 3, 2, 1], [2, 3, 2, 1]) {
      MaxPool3D(2, strides: 1, padding: .same)
    },
    Case("AveragePooling1D(3, strides: 2, padding: .same)", [7, 2], [4, 2]) {
      AveragePooling1D(3, strides: 2, padding: .same)
    },
    Case("AveragePooling3D([1, 2, 3])", [2, 4, 3, 1], [2, 2, 1, 1]) { AveragePooling3D([1, 2, 3]) },
    Case("GlobalAveragePooling1D()", [5, 2], [2]) { GlobalAveragePooling1D() },
    Case("GlobalAveragePooling3D(keepDims: true)", [2, 3, 2, 2], [1, 1, 1, 2]) {
      GlobalAveragePooling3D(keepDims: true)
    },
    Case("GlobalMaxPooling1D()", [5, 2], [2]) { GlobalMaxPooling1D() },
    Case("GlobalMaxPooling3D()", [2, 3, 2, 2], [2]) { GlobalMaxPooling3D() },
    Case("MaxUnpooling2D(2)", [5, 4, 2], [5, 4, 2]) { MaxUnpooling2D() },
    Case(
      "MaxUnpooling2D(2) {\n  Conv2D(3, kernelSize: 1)\n  Conv2D(2, kernelSize: 1)\n}", [5, 4, 2], [5, 4, 2],
      parameters: 17
    ) {
      MaxUnpooling2D {
        Conv2D(3, kernelSize: 1)
        Conv2D(2, kernelSize: 1)
      }
    },
  ]

  @Test(arguments: cases) func printsBuildsAndRuns(layer: Case) throws {
    try CatalogTests().printsBuildsAndRuns(layer: layer)
  }

  @Test(arguments: cases) func gradients(layer: Case) throws {
    try expectGradients(layer.make(), layer.input)
  }

  @Test func windowsOverThreeAxesByDefinition() throws {
    let x = samples([2, 4, 2, 6, 3], seed: 1)
    func expected(_ pool: ([Double]) -> Double) -> [Double] {
      positions([2, 2, 1, 3, 3]).map { place in
        pool(
          positions([2, 2, 2]).map { tap in
            x.element([place[0]] + (0..<3).map { place[$0 + 1] * 2 + tap[$0] } + [place[4]])
          })
      }
    }
    #expect(mismatch(MaxPool3D(2)(x), expected { $0.max()! }) == nil)
    #expect(mismatch(AveragePooling3D(2)(x), expected { $0.reduce(0, +) / 8 }) == nil)
  }

  @Test func windowsOverOneAxis() {
    let x = Tensor([1, 5, 2, -1, 4] as [Float], shape: [1, 5, 1])
    #expect([Float](MaxPool1D(2)(x)) == [5, 2])
    #expect([Float](AveragePooling1D(2)(x)) == [3, 0.5])
    #expect([Float](AveragePooling1D(2, padding: .same)(x)) == [3, 0.5, 4])
    #expect(abs([Float](GlobalAveragePooling1D()(x))[0] - 2.2) < 1e-6)
    #expect([Float](GlobalMaxPooling1D()(x)) == [5])
  }

  /// What the layers inside make of a maximum stands where it was, and nothing elsewhere; the last row of an odd height
  /// is in no window.
  @Test func unpoolingPutsBackWhereTheMaximaWere() throws {
    let x = distinctSamples([2, 5, 4, 3], seed: 6)
    let layer = MaxUnpooling2D { Lambda("double") { $0 * 2 } }
    var expected = [Double](repeating: 0, count: x.count)
    for place in positions([2, 2, 2, 3]) {
      let window = positions([2, 2]).map { tap in
        [place[0], place[1] * 2 + tap[0], place[2] * 2 + tap[1], place[3]]
      }
      let best = window.max { x.element($0) < x.element($1) }!
      expected[zip(best, x.shape.strides).map { $0 * $1 }.reduce(0, +)] = 2 * x.element(best)
    }
    #expect(mismatch(layer(x), expected, shape: x.shape) == nil)
  }

  @Test func layersInsideUnpoolingKeepTheShape() {
    #expect(
      refusal(MaxUnpooling2D { Conv2D(3, kernelSize: 1) }, [4, 4, 2])
        == "unpooling to 1x4x4x2 needs values and int32 positions of 1x2x2x2; received 1x2x2x3 and 1x2x2x2 int32"
    )
    #expect(
      refusal(MaxUnpooling2D(), [4, 2]) == "MaxUnpooling2D needs an input (N, H, W, C); received 1x4x2")
  }

  @Test func inputsOfAnotherRankAreRefused() {
    #expect(refusal(MaxPool2D(2), [4, 2]) == "MaxPool2D needs an input (N, H, W, C); received 1x4x2")
    #expect(
      refusal(AveragePooling1D(2), [4, 4, 2]) == "AveragePooling1D needs an input (N, W, C); received 1x4x4x2"
    )
    #expect(
      refusal(GlobalMaxPooling3D(), [4, 2])
        == "GlobalMaxPooling3D needs an input (N, D, H, W, C); received 1x4x2")
  }
}
