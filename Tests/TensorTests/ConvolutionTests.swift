import MartletTestSupport
import Testing

struct ConvolutionTests {
  /// The worked example of the lectures.
  @Test func picture() {
    let picture = Tensor([
      [1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0],
    ]).reshaped(1, 5, 5, 1)
    let kernel = Tensor([[1, 0, 1], [0, 1, 0], [1, 0, 1]]).reshaped(3, 3, 1, 1)
    let y = picture.convolution(kernel)
    #expect(mismatch(y, [4, 3, 4, 2, 4, 3, 2, 3, 4], shape: [1, 3, 3, 1]) == nil)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var x: Shape
    var kernel: Shape
    var strides: Spatial = 1
    var padding: Padding = .valid
    var dilationRate: Spatial = 1
    var groups = 1
  }
  static let cases = [
    Case(testDescription: "plain", x: [2, 5, 6, 3], kernel: [3, 2, 3, 4]),
    Case(testDescription: "same", x: [1, 5, 4, 2], kernel: [3, 4, 2, 3], padding: .same),
    Case(
      testDescription: "strided", x: [2, 7, 6, 2], kernel: [3, 3, 2, 3], strides: [2, 3], padding: .same),
    Case(testDescription: "dilated", x: [1, 7, 7, 2], kernel: [3, 3, 2, 2], dilationRate: 2),
    Case(testDescription: "grouped", x: [1, 4, 4, 4], kernel: [3, 3, 2, 6], padding: .same, groups: 2),
    Case(testDescription: "depthwise", x: [1, 4, 4, 3], kernel: [3, 3, 1, 3], padding: .same, groups: 3),
    Case(testDescription: "full", x: [1, 3, 3, 1], kernel: [2, 2, 1, 1], padding: .full),
    Case(
      testDescription: "explicit", x: [1, 4, 4, 1], kernel: [2, 2, 1, 1],
      padding: .explicit([Padding.Sides(1, 0), Padding.Sides(0, 2)])),
    Case(testDescription: "one axis, causal", x: [2, 6, 2], kernel: [3, 2, 2], padding: .causal),
    Case(testDescription: "three axes", x: [1, 3, 4, 3, 2], kernel: [2, 2, 2, 2, 2], strides: [1, 2, 1]),
  ]

  @Test(arguments: cases) func isTheDefinition(example: Case) throws {
    let x = samples(example.x, seed: 1)
    let w = samples(example.kernel, seed: 2)
    let bias = samples([example.kernel[-1]], seed: 3)
    let rank = example.x.rank - 2
    let geometry = try Convolution(
      kernelSize: Spatial(Array(example.kernel.sizes.prefix(rank))), strides: example.strides,
      padding: example.padding, dilationRate: example.dilationRate, groups: example.groups
    ).geometry(input: example.x, filters: example.kernel[-1])
    let y = x.convolution(
      w, bias: bias, strides: example.strides, padding: example.padding, dilationRate: example.dilationRate,
      groups: example.groups, activation: .relu)
    let expected = ReferenceConvolution(geometry).forward([Float](x), [Float](w))
    let biased = expected.enumerated().map { index, value in
      max(0, value + Double([Float](bias)[index % geometry.outputChannels]))
    }
    #expect(mismatch(y, biased, shape: geometry.outputShape) == nil)
  }

  /// ⟨conv(x), y⟩ = ⟨x, transposed(y)⟩ for the same kernel and hyperparameters.
  @Test(arguments: cases.filter { $0.x.rank == 4 && $0.testDescription != "strided" })
  func transposedIsTheAdjoint(example: Case) throws {
    let x = samples(example.x, seed: 1)
    let w = samples(example.kernel, seed: 2)
    let y = x.convolution(
      w, strides: example.strides, padding: example.padding, dilationRate: example.dilationRate,
      groups: example.groups)
    let other = samples(y.shape, seed: 4)
    let back = other.transposedConvolution(
      w, strides: example.strides, padding: example.padding, dilationRate: example.dilationRate,
      groups: example.groups)
    #expect(back.shape == x.shape)
    let left = try (y * other).sum().item()
    let right = try (x * back).sum().item()
    #expect(abs(left - right) < 1e-3)
  }

  @Test func transposedSizes() {
    let x = Tensor.ones([1, 2, 2, 1])
    let w = Tensor.ones([2, 2, 1, 1])
    let twice = x.transposedConvolution(w, strides: 2)
    #expect(mismatch(twice, [Double](repeating: 1, count: 16), shape: [1, 4, 4, 1]) == nil)
    let kernel = Tensor.ones([3, 3, 1, 1])
    #expect(x.transposedConvolution(kernel, strides: 2).shape == [1, 5, 5, 1])
    #expect(x.transposedConvolution(kernel, strides: 2, padding: .same).shape == [1, 4, 4, 1])
    let more = x.transposedConvolution(kernel, strides: 2, outputPadding: 1)
    #expect(more.shape == [1, 6, 6, 1])
  }

  @Test(arguments: [
    (
      0,
      "kernel 5 does not fit input 4x4 with padding .valid; the smallest input is 5x5, or use padding: .same"
    ),
    (1, "the kernel must be 3x3x2x4 for an input 1x4x4x2 with groups 1; received 3x3x3x4"),
    (2, "channels and filters must divide by groups; received 2 channels, 4 filters, groups 3"),
    (
      3,
      "convolution needs an input (N, spatial axes, channels) and a kernel of as many axes; received 1x4x4x2 "
        + "and 3x2x4"
    ),
    (4, "the bias must be 4; received 3"),
    (5, "convolution forward needs float32 elements; received uint8. Cast them with cast(to: .float32)"),
  ])
  func errors(index: Int, message: String) {
    let x = Tensor.zeros([1, 4, 4, 2])
    let error = #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        switch index {
        case 0: x.convolution(Tensor.zeros([5, 5, 2, 4]))
        case 1: x.convolution(Tensor.zeros([3, 3, 3, 4]))
        case 2: x.convolution(Tensor.zeros([3, 3, 2, 4]), groups: 3)
        case 3: x.convolution(Tensor.zeros([3, 2, 4]))
        case 4: x.convolution(Tensor.zeros([3, 3, 2, 4]), bias: Tensor.zeros([3]))
        default: x.cast(to: .uint8).convolution(Tensor.zeros([3, 3, 2, 4]))
        }
      }
    }
    #expect(error?.message == message)
    #expect(error?.site?.hasPrefix("TensorTests/ConvolutionTests.swift:") == true)
  }
}

/// The formula of `ConvolutionGeometry` as loops in Double.
struct ReferenceConvolution {
  let geometry: ConvolutionGeometry
  init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }

  func forward(_ x: [Float], _ w: [Float]) -> [Double] {
    let g = geometry
    let perGroup = (input: g.inputChannels / g.groups, output: g.outputChannels / g.groups)
    var y: [Double] = []
    for n in 0..<g.batch {
      for place in 0..<g.output.count {
        for f in 0..<g.outputChannels {
          var sum = 0.0
          for tap in 0..<g.kernel.count {
            guard let source = source(place, tap) else { continue }
            for c in 0..<perGroup.input {
              let channel = f / perGroup.output * perGroup.input + c
              sum +=
                Double(x[(n * g.input.count + source) * g.inputChannels + channel])
                * Double(w[(tap * perGroup.input + c) * g.outputChannels + f])
            }
          }
          y.append(sum)
        }
      }
    }
    return y
  }

  /// The flat input position that a tap reads for an output position, nil in the padding.
  private func source(_ place: Int, _ tap: Int) -> Int? {
    let g = geometry
    let o = Extent(
      place / (g.output.height * g.output.width), place / g.output.width % g.output.height,
      place % g.output.width)
    let t = Extent(
      tap / (g.kernel.height * g.kernel.width), tap / g.kernel.width % g.kernel.height, tap % g.kernel.width)
    var flat = 0
    for axis in 0..<3 {
      let position = o[axis] * g.strides[axis] - g.paddingBefore[axis] + t[axis] * g.dilation[axis]
      guard position >= 0 && position < g.input[axis] else { return nil }
      flat = flat * g.input[axis] + position
    }
    return flat
  }
}
