import MartletCore

extension Trial {
  /// All three passes of convolutions, with strides, dilations, paddings and groups of every kind, over one, two and
  /// three axes.
  public static var convolution: [Trial] {
    cases.flatMap { test in [.forward, .backwardData, .backwardKernel].map { test.trial($0) } }
      + cases.map { $0.trial(.backwardKernel, Epilogue(hasBias: true)) }
      + finished.flatMap { test, pass in Epilogue.trials.map { test.trial(pass, $0) } } + pooled
  }

  static var largeConvolution: [Trial] {
    let cases = [
      Case([32, 16, 16, 3], 32, Convolution(kernelSize: 3, strides: 2, padding: .same)),
      Case([8, 14, 14, 40], 40, Convolution(kernelSize: 3, padding: .same, groups: 40)),
      Case([1, 150, 150, 5], 7, Convolution(kernelSize: 3)),
      Case([2, 7, 7, 256], 256, Convolution(kernelSize: 3, padding: .same)),
      Case([4, 28, 28, 64], 64, Convolution(kernelSize: 3, padding: .same)),
    ]
    return cases.flatMap { test in
      [
        test.trial(.forward), test.trial(.backwardData),
        test.trial(.backwardKernel, Epilogue(hasBias: true)),
      ]
    }
  }

  private struct Case {
    let geometry: ConvolutionGeometry
    let padding: Padding

    init(_ input: Shape, _ filters: Int, _ convolution: Convolution) {
      guard let geometry = try? convolution.geometry(input: input, filters: filters) else {
        preconditionFailure("\(convolution) does not fit \(input)")
      }
      (self.geometry, padding) = (geometry, convolution.padding)
    }

    /// Factors are multiples of 1/64 below 1; a sum of k terms is off by at most k rounding errors of 2^-24 of a sum
    /// below k. Where results are pooled, they are exact: so are the places of the largest.
    func trial(_ pass: ConvolutionPass, _ epilogue: Epilogue = .none) -> Trial {
      let g = geometry
      let definition = ConvolutionDefinition(g)
      let terms =
        switch pass {
        case .forward: g.kernel.count * g.inputChannelsPerGroup
        case .backwardData: g.kernel.count * g.outputChannelsPerGroup
        case .backwardKernel: g.batch * g.output.count
        }
      let shape = definition.result(pass)
      let tolerance = pass == .backwardKernel || epilogue == .none ? 1e-6 * Double(1 + terms) : 1e-4
      var outputs = [Output(shape, relative: 1e-6, absolute: tolerance)]
      if pass == .backwardKernel && epilogue.hasBias {
        outputs.append(Output([g.outputChannels], relative: 1e-6, absolute: 1e-6 * Double(1 + terms)))
      }
      if epilogue.hasMaxPool, let pooling = g.maxPooling {
        outputs = [Output(pooling.outputShape), Output(pooling.outputShape, .int32)]
      }
      let operands = pass == .backwardKernel ? [] : epilogue.operands(of: shape)
      return Trial(
        .convolution(pass, g, epilogue),
        (["\(ConvolutionTask(pass, g))"] + epilogue.words).joined(separator: ", "),
        definition.inputs(pass) + operands, outputs: outputs)
    }
  }

  private static let cases: [Case] = [
    Case([2, 7, 9, 1], 5, Convolution(kernelSize: 3)),
    Case([1, 6, 5, 1], 33, Convolution(kernelSize: 3, padding: .same)),
    Case([2, 8, 7, 3], 8, Convolution(kernelSize: [2, 5], strides: 2, padding: .same)),
    Case([1, 9, 9, 17], 20, Convolution(kernelSize: 3)),
    Case([2, 5, 6, 24], 70, Convolution(kernelSize: 3, padding: .same)),
    Case([1, 7, 8, 25], 6, Convolution(kernelSize: 3, strides: 2, padding: .same)),
    Case([2, 6, 5, 13], 35, Convolution(kernelSize: 1)),
    Case([2, 6, 5, 13], 11, Convolution(kernelSize: 1, strides: 2)),
    Case([1, 5, 5, 2], 3, Convolution(kernelSize: 2, strides: 3)),
    Case([1, 5, 4, 4], 6, Convolution(kernelSize: 3, padding: .full)),
    Case([1, 11, 9, 2], 4, Convolution(kernelSize: 3, dilationRate: [2, 3])),
    Case([1, 9, 9, 30], 4, Convolution(kernelSize: 3, strides: 2, padding: .same, dilationRate: 2)),
    Case([1, 6, 6, 4], 6, Convolution(kernelSize: 3, padding: .explicit([.init(2, 0), .init(1, 3)]))),
    Case([1, 6, 7, 6], 9, Convolution(kernelSize: 3, padding: .same, groups: 3)),
    Case([1, 5, 6, 4], 8, Convolution(kernelSize: 3, strides: 2, groups: 4)),
    Case([2, 7, 6, 19], 19, Convolution(kernelSize: 3, padding: .same, groups: 19)),
    Case([1, 7, 6, 16], 16, Convolution(kernelSize: 3, strides: 2, padding: .same, groups: 16)),
    Case([2, 12, 3], 7, Convolution(kernelSize: 4, padding: .causal, dilationRate: 2)),
    Case([2, 13, 20], 5, Convolution(kernelSize: 3, strides: 2, padding: .same)),
    Case([1, 4, 5, 6, 2], 7, Convolution(kernelSize: [3, 2, 3], padding: .same)),
    Case([1, 5, 4, 5, 3], 4, Convolution(kernelSize: 2, strides: [2, 1, 3], groups: 1)),
    Case([1, 3, 3, 300], 2, Convolution(kernelSize: 9, padding: .same)),
    Case([1, 12, 10, 1], 3, Convolution(kernelSize: [10, 9], padding: .same, dilationRate: [1, 2])),
    Case([1, 2, 3, 20], 17, Convolution(kernelSize: 2, padding: .explicit([.init(3, 4), .init(0, 5)]))),
    Case([1, 3, 4, 5, 18], 18, Convolution(kernelSize: 3, padding: .same, groups: 18)),
    Case([2, 9, 17, 100], 100, Convolution(kernelSize: 3, padding: .same, groups: 100)),
    Case([1, 9, 8, 20], 60, Convolution(kernelSize: 3, strides: 2, padding: .same, groups: 20)),
    Case([2, 9, 10, 132], 132, Convolution(kernelSize: 3, padding: .same, groups: 33)),
    Case([2, 7, 8, 72], 120, Convolution(kernelSize: 3, strides: 2, padding: .same, groups: 24)),
    Case([3, 6, 5, 40], 24, Convolution(kernelSize: 2, strides: 3, padding: .full, groups: 8)),
    Case([2, 30, 24], 36, Convolution(kernelSize: 5, padding: .causal, dilationRate: 3, groups: 12)),
    Case(
      [2, 4, 3, 5, 28], 14,
      Convolution(kernelSize: [3, 1, 2], strides: [1, 2, 1], padding: .same, groups: 7)),
    Case([1, 70, 40, 64], 64, Convolution(kernelSize: 5, padding: .same, groups: 8)),
    Case([1, 300, 1], 1, Convolution(kernelSize: 9)),
    Case([2, 133, 1], 1, Convolution(kernelSize: 33, padding: .same)),
    Case([1, 21, 70, 1], 1, Convolution(kernelSize: 3)),
    Case([2, 9, 90, 3], 2, Convolution(kernelSize: [3, 5], padding: .full, dilationRate: [1, 2])),
    Case([1, 12, 67, 2], 8, Convolution(kernelSize: 3, strides: [2, 1], padding: .same)),
    Case([1, 5, 6, 40, 4], 3, Convolution(kernelSize: 3, padding: .same, dilationRate: [2, 1, 1])),
    Case([1, 6, 33, 1], 7, Convolution(kernelSize: 3, padding: .explicit([.init(0, 5), .init(4, 0)]))),
    // Windows side by side, whose gradients join the columns of one.
    Case([2, 6, 8, 20], 24, Convolution(kernelSize: 2, strides: 2)),
    Case([1, 7, 12, 33], 9, Convolution(kernelSize: [2, 3], strides: [1, 3], padding: .same)),
    Case([1, 4, 5, 6, 24], 30, Convolution(kernelSize: 2, strides: 2, padding: .same)),
    // Rows a step apart: in a frame, in place, joined, with taps in parts, of groups, in pieces of long rows.
    Case([3, 13, 26, 1], 32, Convolution(kernelSize: 3)),
    Case([2, 10, 31, 3], 50, Convolution(kernelSize: 3, padding: .same)),
    Case([2, 23, 25, 3], 64, Convolution(kernelSize: 7, strides: 2, padding: .same)),
    Case([1, 8, 9, 4], 65, Convolution(kernelSize: [4, 3], strides: [4, 1], padding: .full)),
    Case(
      [5, 7, 4, 2], 17, Convolution(kernelSize: [7, 3], padding: .explicit([.init(0, 0), .init(3, 2)]))),
    Case([3, 12, 24, 8], 96, Convolution(kernelSize: 1)),
    Case([3, 11, 23, 8], 24, Convolution(kernelSize: 1, strides: [3, 2])),
    Case([2, 3, 110, 1100], 3, Convolution(kernelSize: [1, 2])),
    Case([2, 16, 20, 6], 34, Convolution(kernelSize: 1, strides: 2, groups: 2)),
    Case([2, 12, 14, 40], 48, Convolution(kernelSize: [3, 1], groups: 2)),
    Case([1, 9000, 2], 20, Convolution(kernelSize: 5, padding: .same)),
    Case([1, 3, 4000, 4], 40, Convolution(kernelSize: 3, strides: [1, 3], padding: .same)),
    Case([2, 5, 6, 9, 1], 33, Convolution(kernelSize: 3, strides: [2, 1, 1], padding: .same)),
    Case([2, 4, 9, 12, 3], 20, Convolution(kernelSize: [1, 3, 2])),
    Case([9, 6, 5, 2], 18, Convolution(kernelSize: [6, 5])),
    // Few rows, whose kernel can be read in place, from its second tap on.
    Case([1, 4, 4, 32], 1, Convolution(kernelSize: 2, strides: 2)),
    // Few pixels, whose gradients join the columns of all taps.
    Case([1, 8, 8, 64], 40, Convolution(kernelSize: 2, strides: 2)),
  ]

  private static let finished: [(Case, ConvolutionPass)] = [
    (Case([1, 5, 6, 3], 19, Convolution(kernelSize: 3, padding: .same)), .forward),
    (Case([1, 5, 6, 21], 4, Convolution(kernelSize: 2, strides: 3)), .backwardData),
    (Case([2, 4, 6, 20], 9, Convolution(kernelSize: 2, strides: 2)), .backwardData),
    (Case([2, 6, 28, 16], 12, Convolution(kernelSize: 2, strides: 2)), .backwardData),
    (Case([1, 9, 10, 64], 7, Convolution(kernelSize: [3, 1], strides: [3, 1])), .backwardData),
    (Case([1, 5, 6, 18], 18, Convolution(kernelSize: 3, padding: .same, groups: 18)), .forward),
    (Case([2, 9, 7, 60], 36, Convolution(kernelSize: 3, padding: .same, groups: 12)), .backwardData),
    (Case([2, 9, 71, 1], 1, Convolution(kernelSize: 3, padding: .same)), .forward),
    (Case([2, 9, 17, 3], 70, Convolution(kernelSize: 3, padding: .same)), .forward),
    (Case([2, 9, 17, 3], 70, Convolution(kernelSize: 1)), .backwardData),
    (Case([2, 6, 8, 21], 20, Convolution(kernelSize: 2, strides: 2)), .backwardData),
    (Case([2, 9, 200, 2], 3, Convolution(kernelSize: 3, padding: .same)), .backwardData),
  ]

  /// With strides or small kernels, which no device computes by an algorithm that rounds.
  private static var pooled: [Trial] {
    [
      Case([2, 9, 7, 3], 20, Convolution(kernelSize: 2)),
      Case([1, 8, 8, 17], 33, Convolution(kernelSize: 1)),
      Case([2, 15, 13, 5], 8, Convolution(kernelSize: 3, strides: 2, padding: .same)),
    ].flatMap { test in
      [false, true].map {
        test.trial(
          .forward, Epilogue(hasBias: true, hasResidual: $0, activation: .relu, hasMaxPool: true))
      }
    }
  }
}
