import MartletCore
import Testing

/// All three passes against the definition of `ConvolutionGeometry` as a loop in Double. Factors are multiples of 1/64
/// below 1; a sum of k terms is off by at most k rounding errors of 2^-24 of a sum below k.
@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var input: Shape
    var filters: Int
    var convolution: Convolution

    init(_ input: Shape, _ filters: Int, _ convolution: Convolution) {
      self.input = input
      self.filters = filters
      self.convolution = convolution
      testDescription =
        "\(input) -> \(filters), kernel \(convolution.kernelSize), strides \(convolution.strides), "
        + "\(convolution.padding), dilation \(convolution.dilationRate), groups \(convolution.groups)"
    }
  }

  static let cases: [Case] = [
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
  ]

  @Test(arguments: Devices.all, cases)
  func matchesTheDefinition(_ device: TestDevice, _ test: Case) throws {
    let geometry = try test.convolution.geometry(input: test.input, filters: test.filters)
    let reference = ConvolutionReference(geometry)
    let terms = Double(
      geometry.kernel.count * geometry.inputChannels + geometry.batch * geometry.output.count)
    for pass in [ConvolutionPass.forward, .backwardData, .backwardKernel] {
      let inputs = reference.inputs(pass)
      let actual = try device.run(.convolution(pass, geometry, .none), inputs, output: reference.result(pass))
      let expected = reference.run(pass, inputs)
      expectClose(actual, expected, relative: 1e-6, absolute: 1e-6 * terms, "\(pass)")
    }
  }

  @Test(arguments: Devices.all)
  func epilogues(_ device: TestDevice) throws {
    for (test, pass) in [
      (Case([1, 5, 6, 3], 19, Convolution(kernelSize: 3, padding: .same)), ConvolutionPass.forward),
      (Case([1, 5, 6, 21], 4, Convolution(kernelSize: 2, strides: 3)), .backwardData),
      (Case([1, 5, 6, 18], 18, Convolution(kernelSize: 3, padding: .same, groups: 18)), .forward),
      (Case([2, 9, 7, 60], 36, Convolution(kernelSize: 3, padding: .same, groups: 12)), .backwardData),
      (Case([2, 9, 71, 1], 1, Convolution(kernelSize: 3, padding: .same)), .forward),
      (Case([2, 9, 17, 3], 70, Convolution(kernelSize: 3, padding: .same)), .forward),
      (Case([2, 9, 17, 3], 70, Convolution(kernelSize: 1)), .backwardData),
      (Case([2, 9, 200, 2], 3, Convolution(kernelSize: 3, padding: .same)), .backwardData),
    ] {
      let geometry = try test.convolution.geometry(input: test.input, filters: test.filters)
      let reference = ConvolutionReference(geometry)
      for activation in Epilogue.Activation.allCases {
        let epilogue = Epilogue(
          hasBias: activation != .relu, hasScale: activation != .tanh, hasShift: activation == .relu,
          hasResidual: true, activation: activation, hasMask: activation == .linear || activation == .relu)
        let result = reference.result(pass)
        let more = operands(of: epilogue, result: result)
        let inputs = reference.inputs(pass) + more
        let actual = try device.run(.convolution(pass, geometry, epilogue), inputs, output: result)
        var expected = reference.run(pass, inputs)
        applyEpilogue(epilogue, to: &expected, columns: result[-1], more)
        expectClose(actual, expected, relative: 1e-6, absolute: 1e-4, "\(pass) \(epilogue)")
      }
    }
  }

  /// The bits are those of the pooling by itself, also where images are convolved some at a time.
  @Test(
    arguments: Devices.all,
    [
      Case([2, 7, 9, 1], 5, Convolution(kernelSize: 3)), Case([3, 8, 8, 17], 20, Convolution(kernelSize: 3)),
      Case([70, 28, 28, 1], 32, Convolution(kernelSize: 3)),
      Case([65, 13, 13, 32], 64, Convolution(kernelSize: 3)),
      Case([3, 64, 60, 16], 32, Convolution(kernelSize: 3, padding: .same)),
      Case([40, 15, 15, 32], 32, Convolution(kernelSize: 5, padding: .same)),
      Case([2, 40, 40, 8], 300, Convolution(kernelSize: 1)),
    ])
  func poolingEpilogues(_ device: TestDevice, _ test: Case) throws {
    let geometry = try test.convolution.geometry(input: test.input, filters: test.filters)
    let pooling = try #require(geometry.maxPooling)
    for hasResidual in [false, true] {
      var epilogue = Epilogue(hasBias: true, hasResidual: hasResidual, activation: .relu)
      let inputs =
        [noise(test.input, seed: 1), noise(geometry.kernelShape, seed: 2)]
        + operands(of: epilogue, result: geometry.outputShape)
      let y = try device.run(
        .convolution(.forward, geometry, epilogue), inputs, outputs: [(geometry.outputShape, .float32)])
      let outputs: [(Shape, DType)] = [(pooling.outputShape, .float32), (pooling.outputShape, .int32)]
      let plain = try device.run(.pooling(.forward, pooling), y, outputs: outputs)
      epilogue.hasMaxPool = true
      #expect(try device.run(.convolution(.forward, geometry, epilogue), inputs, outputs: outputs) == plain)
    }
  }

  /// The gradient of the bias comes with that of the kernel, which it does not change.
  @Test(arguments: Devices.all)
  func biasGradients(_ device: TestDevice) throws {
    let large = [
      Case([32, 16, 16, 3], 32, Convolution(kernelSize: 3, strides: 2, padding: .same)),
      Case([8, 14, 14, 40], 40, Convolution(kernelSize: 3, padding: .same, groups: 40)),
      Case([1, 150, 150, 5], 7, Convolution(kernelSize: 3)),
      Case([2, 7, 7, 256], 256, Convolution(kernelSize: 3, padding: .same)),
    ]
    for test in Self.cases + large {
      let geometry = try test.convolution.geometry(input: test.input, filters: test.filters)
      let reference = ConvolutionReference(geometry)
      let inputs = reference.inputs(.backwardKernel)
      let both = try device.run(
        .convolution(.backwardKernel, geometry, Epilogue(hasBias: true)), inputs,
        outputs: [(geometry.kernelShape, .float32), ([geometry.outputChannels], .float32)])
      let alone = try device.run(
        .convolution(.backwardKernel, geometry, .none), inputs, output: geometry.kernelShape)
      #expect(both[0].values(as: Float.self) == alone)
      var sums = [Double](repeating: 0, count: geometry.outputChannels)
      for (index, value) in inputs[1].values(as: Float.self).enumerated() {
        sums[index % sums.count] += Double(value)
      }
      expectClose(both[1].values(), sums, relative: 1e-6, absolute: 1e-3, "\(geometry)")
    }
  }

  @Test(arguments: [ConvolutionPass.forward, .backwardData, .backwardKernel])
  func bitsDoNotDependOnThreads(_ pass: ConvolutionPass) throws {
    for test in [
      Case([16, 14, 14, 32], 48, Convolution(kernelSize: 3, padding: .same)),
      Case([32, 16, 16, 3], 32, Convolution(kernelSize: 3, strides: 2, padding: .same)),
      Case([8, 14, 14, 40], 40, Convolution(kernelSize: 3, padding: .same, groups: 40)),
      Case([8, 14, 14, 80], 40, Convolution(kernelSize: 3, padding: .same, groups: 10)),
      Case([2, 80, 800, 1], 2, Convolution(kernelSize: 3, padding: .same)),
      Case([20, 28, 28, 1], 32, Convolution(kernelSize: 5, padding: .same)),
      Case([4, 28, 28, 64], 100, Convolution(kernelSize: 1)),
      Case([2, 7, 7, 256], 256, Convolution(kernelSize: 3, padding: .same)),
    ] {
      let reference = ConvolutionReference(
        try test.convolution.geometry(input: test.input, filters: test.filters))
      try expectSameBits(
        threadsOf: .convolution(pass, reference.geometry, .none), reference.inputs(pass),
        output: reference.result(pass))
    }
  }
}
