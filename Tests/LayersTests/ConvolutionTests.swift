import MartletTestSupport
import Testing

struct ConvolutionTests {
  typealias Case = CatalogTests.Case

  static let cases = [
    Case("Conv1D(4, kernelSize: 3)", [9, 2], [7, 4], parameters: 28) { Conv1D(4, kernelSize: 3) },
    Case("Conv1D(4, kernelSize: 3, padding: .causal, dilationRate: 2)", [9, 2], [9, 4], parameters: 28) {
      Conv1D(4, kernelSize: 3, padding: .causal, dilationRate: 2)
    },
    Case("Conv3D(2, kernelSize: [1, 2, 3], strides: 2)", [3, 4, 5, 2], [2, 2, 2, 2], parameters: 26) {
      Conv3D(2, kernelSize: [1, 2, 3], strides: 2)
    },
    Case("Conv1DTranspose(3, kernelSize: 4, strides: 2, padding: .same)", [5, 2], [10, 3], parameters: 27) {
      Conv1DTranspose(3, kernelSize: 4, strides: 2, padding: .same)
    },
    Case(
      "Conv3DTranspose(2, kernelSize: 2, strides: 2, useBias: false)", [2, 1, 3, 2], [4, 2, 6, 2],
      parameters: 32
    ) {
      Conv3DTranspose(2, kernelSize: 2, strides: 2, useBias: false)
    },
    Case("DepthwiseConv2D(kernelSize: 3, depthMultiplier: 2)", [5, 4, 3], [3, 2, 6], parameters: 60) {
      DepthwiseConv2D(kernelSize: 3, depthMultiplier: 2)
    },
    Case(
      "DepthwiseConv2D(kernelSize: [2, 3], strides: 2, padding: .same, activation: .relu6, useBias: false)",
      [5, 4, 3], [3, 2, 3], parameters: 18
    ) {
      DepthwiseConv2D(kernelSize: [2, 3], strides: 2, padding: .same, activation: .relu6, useBias: false)
    },
    Case(
      "SeparableConv2D(5, kernelSize: 3, padding: .same, depthMultiplier: 2)", [4, 4, 3], [4, 4, 5],
      parameters: 89
    ) {
      SeparableConv2D(5, kernelSize: 3, padding: .same, depthMultiplier: 2)
    },
  ]

  @Test(arguments: cases) func printsBuildsAndRuns(layer: Case) throws {
    try CatalogTests().printsBuildsAndRuns(layer: layer)
  }

  @Test(arguments: cases) func gradients(layer: Case) throws {
    try expectGradients(layer.make(), layer.input)
  }

  /// y[o] = Σ_t Σ_c x[o * strides + t, c] * w[t, c, f] + b[f], over one and three axes.
  @Test(arguments: [1, 3]) func convolutionByDefinition(rank: Int) throws {
    let sizes = Array([5, 3, 4].prefix(rank))
    let x = samples(Shape([2] + sizes + [3]), seed: 1)
    let layer: ConvolutionLayer =
      rank == 1 ? Conv1D(2, kernelSize: 2, strides: 2) : Conv3D(2, kernelSize: 2, strides: 2)
    try layer.build(input: Shape(sizes + [3]))
    layer.bias!.value = Tensor([0.5, -1] as [Float])
    let w = layer.kernel.value
    let expected = positions([2] + sizes.map { $0 / 2 } + [2]).map { place -> Double in
      let (batch, filter) = (place.first!, place.last!)
      return positions([Int](repeating: 2, count: rank) + [3]).reduce([0.5, -1][filter]) { sum, tap in
        let source = zip(place.dropFirst(), tap).prefix(rank).map { $0 * 2 + $1 }
        return sum + x.element([batch] + source + [tap.last!]) * w.element(tap + [filter])
      }
    }
    #expect(mismatch(layer(x), expected) == nil)
  }

  /// Result channel c * multiplier + m is what kernel m of channel c makes of it.
  @Test func depthwiseByDefinition() throws {
    let x = samples([1, 4, 3, 2], seed: 1)
    let layer = DepthwiseConv2D(kernelSize: 3, padding: .same, depthMultiplier: 2)
    try layer.build(input: [4, 3, 2])
    let w = layer.kernel.value
    #expect(w.shape == [3, 3, 2, 2])
    let expected = positions([1, 4, 3, 4]).map { place in
      positions([3, 3]).reduce(0.0) { sum, tap in
        let channel = place[3] / 2
        return sum + x.element([0, place[1] + tap[0] - 1, place[2] + tap[1] - 1, channel])
          * w.element(tap + [channel, place[3] % 2])
      }
    }
    #expect(mismatch(layer(x), expected) == nil)
  }

  @Test func aSeparableConvolutionIsADepthwiseAndAPointwiseOne() throws {
    let x = samples([2, 5, 4, 3], seed: 1)
    let layer = SeparableConv2D(4, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
    let (depthwise, pointwise) = (
      DepthwiseConv2D(kernelSize: 3, strides: 2, padding: .same, useBias: false),
      Conv2D(4, kernelSize: 1, activation: .relu)
    )
    let parts = Sequential([depthwise, pointwise])
    for model in [layer, parts] as [any Layer] { try model.build(input: [5, 4, 3]) }
    depthwise.kernel.value = layer.depthwiseKernel.value
    pointwise.kernel.value = layer.pointwiseKernel.value
    #expect(mismatch(layer(x), [Float](parts(x)).map(Double.init)) == nil)
  }

  @Test func inputsOfAnotherRankAreRefused() {
    #expect(
      refusal(Conv1D(2, kernelSize: 3), [4, 4, 2]) == "Conv1D needs an input (N, W, C); received 1x4x4x2")
    #expect(
      refusal(Conv3D(2, kernelSize: 3), [4, 2]) == "Conv3D needs an input (N, D, H, W, C); received 1x4x2")
    #expect(
      refusal(Conv1DTranspose(2, kernelSize: 3), [2])
        == "Conv1DTranspose needs an input (N, W, C); received 1x2")
    #expect(
      refusal(DepthwiseConv2D(kernelSize: 3), [4, 2])
        == "DepthwiseConv2D needs an input (N, H, W, C); received 1x4x2")
    #expect(
      refusal(Conv2D(2, kernelSize: [3, 3, 3]), [4, 4, 2]) == "kernelSize [3, 3, 3] must be one number or two"
    )
    #expect(refusal(Conv1D(2, kernelSize: [3, 3]), [4, 2]) == "kernelSize [3, 3] must be one number")
  }
}
