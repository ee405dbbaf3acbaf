import MartletCore
import MartletDefinitions
import Testing

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

  @Test(arguments: Trial.convolution)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

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
        + epilogue.operands(of: geometry.outputShape)
      let y = try device.run(
        .convolution(.forward, geometry, epilogue), inputs, outputs: [(geometry.outputShape, .float32)])
      let outputs: [(Shape, DType)] = [(pooling.outputShape, .float32), (pooling.outputShape, .int32)]
      let plain = try device.run(.pooling(.forward, pooling), y, outputs: outputs)
      epilogue.hasMaxPool = true
      #expect(try device.run(.convolution(.forward, geometry, epilogue), inputs, outputs: outputs) == plain)
    }
  }

  /// The gradient of the bias, which comes with that of the kernel, does not change it.
  @Test func biasGradients() throws {
    for trial in Trial.convolution {
      guard case .convolution(.backwardKernel, let geometry, let epilogue) = trial.primitive, epilogue.hasBias
      else { continue }
      for test in Devices.all {
        let alone = try test.run(
          .convolution(.backwardKernel, geometry, .none), trial.inputs,
          outputs: [(geometry.kernelShape, .float32)])
        #expect(try trial.results(on: test.device)[0] == alone[0], "\(trial) on \(test.testDescription)")
      }
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
      let reference = ConvolutionDefinition(
        try test.convolution.geometry(input: test.input, filters: test.filters))
      try expectSameBits(
        threadsOf: .convolution(pass, reference.geometry, .none), reference.inputs(pass),
        output: reference.result(pass))
    }
  }
}
