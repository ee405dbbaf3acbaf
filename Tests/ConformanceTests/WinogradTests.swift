import MartletCore
import MartletDefinitions
import Testing

@testable import MartletCPU

/// Winograd's algorithms, forced where the device would choose another one too.
@Suite struct WinogradTests {
  /// An algorithm on one instruction set, with one thread and with two.
  struct Pair: Sendable, CustomTestStringConvertible {
    let algorithm: ConvolutionAlgorithm
    let devices: DevicePair
    var testDescription: String { devices.testDescription }

    static let all: [Pair] = InstructionSet.available.flatMap { simd in
      [ConvolutionAlgorithm.winograd2, .winograd4].map { algorithm in
        let devices = [1, 2].map { threads in
          do {
            return TestDevice(
              device: try CPUDevice(threads: threads, simd: simd, convolution: ConvolutionChoice(algorithm)),
              testDescription: "cpu \(simd) x\(threads)")
          } catch {
            fatalError("\(error)")
          }
        }
        return Pair(
          algorithm: algorithm,
          devices: DevicePair(one: devices[0], two: devices[1], testDescription: "\(algorithm) \(simd)"))
      }
    }
  }

  /// Every padding; pictures smaller than a window, of whole tiles and not; channels below, at and beyond a vector
  /// and a strip; few tiles and many, small kernels and large, which go different ways.
  static let cases: [(Shape, Int, Convolution)] = [
    ([2, 7, 9, 1], 5, Convolution(kernelSize: 3)),
    ([1, 6, 5, 3], 33, Convolution(kernelSize: 3, padding: .same)),
    ([1, 9, 9, 17], 20, Convolution(kernelSize: 3)),
    ([2, 5, 6, 24], 70, Convolution(kernelSize: 3, padding: .same)),
    ([1, 8, 8, 16], 16, Convolution(kernelSize: 3, padding: .same)),
    ([1, 1, 1, 2], 3, Convolution(kernelSize: 3, padding: .full)),
    ([1, 5, 4, 4], 6, Convolution(kernelSize: 3, padding: .full)),
    ([1, 2, 3, 20], 17, Convolution(kernelSize: 3, padding: .explicit([.init(6, 4), .init(0, 9)]))),
    ([1, 3, 7, 5], 4, Convolution(kernelSize: 3, padding: .explicit([.init(2, 0), .init(1, 3)]))),
    ([2, 3, 5, 6, 8], 9, Convolution(kernelSize: [1, 3, 3], padding: .same)),
    ([1, 7, 7, 70], 134, Convolution(kernelSize: 3, padding: .same)),
    ([16, 21, 30, 5], 7, Convolution(kernelSize: 3, padding: .same)),
    ([0, 5, 5, 4], 4, Convolution(kernelSize: 3, padding: .same)),
    // Kernels of some depth: slices before, behind and between those of the picture.
    ([2, 5, 7, 6, 5], 18, Convolution(kernelSize: [3, 3, 3], padding: .same)),
    ([1, 4, 5, 9, 17], 6, Convolution(kernelSize: [2, 3, 3])),
    ([2, 1, 4, 6, 3], 4, Convolution(kernelSize: [3, 3, 3], padding: .full)),
    ([3, 9, 21, 20, 4], 20, Convolution(kernelSize: [4, 3, 3], padding: .same)),
    // 5 x 5.
    ([2, 7, 9, 1], 5, Convolution(kernelSize: 5)),
    ([1, 6, 5, 3], 33, Convolution(kernelSize: 5, padding: .same)),
    ([2, 5, 6, 24], 70, Convolution(kernelSize: 5, padding: .same)),
    ([1, 1, 1, 2], 3, Convolution(kernelSize: 5, padding: .full)),
    ([1, 2, 3, 20], 17, Convolution(kernelSize: 5, padding: .explicit([.init(6, 4), .init(0, 9)]))),
    ([1, 7, 7, 70], 134, Convolution(kernelSize: 5, padding: .same)),
    ([16, 21, 30, 5], 7, Convolution(kernelSize: 5, padding: .same)),
    ([2, 3, 6, 7, 5], 8, Convolution(kernelSize: [3, 5, 5], padding: .same)),
  ]

  /// Factors below 1 give products below 1. The transforms take differences of numbers up to twenty times as large
  /// as the data, so that a short sum has the errors of one that is some terms longer.
  @Test(arguments: Pair.all)
  func matchesTheDefinition(_ pair: Pair) throws {
    for (input, filters, convolution) in Self.cases {
      let reference = ConvolutionDefinition(try convolution.geometry(input: input, filters: filters))
      let geometry = reference.geometry
      for pass in [ConvolutionPass.forward, .backwardData, .backwardKernel] {
        guard pair.algorithm.canRun(pass, geometry) else {
          let isOther = pair.algorithm == .winograd2 || geometry.kernel.depth > 1
          #expect(
            pass == .backwardKernel && isOther || pair.algorithm == .winograd4 && geometry.kernel.width == 5)
          continue
        }
        let terms = Double(
          pass == .backwardKernel
            ? geometry.batch * geometry.output.count
            : geometry.kernel.count * max(geometry.inputChannels, filters))
        let inputs = reference.inputs(pass)
        let actual = try pair.devices.run(
          .convolution(pass, geometry, .none), inputs, output: reference.result(pass))
        expectClose(
          actual, reference.run(pass, inputs), relative: 1e-6, absolute: 1e-7 * (terms + 60),
          "\(input) -> \(filters) \(convolution.padding) \(pass)")
      }
    }
  }

  @Test(arguments: Pair.all, Epilogue.Activation.allCases)
  func epilogues(_ pair: Pair, _ activation: Epilogue.Activation) throws {
    for (input, filters, size) in [
      ([2, 5, 7, 3] as Shape, 19, 3), ([20, 23, 26, 4], 6, 3), ([2, 5, 7, 3], 19, 5),
    ] {
      guard size == 3 || pair.algorithm == .winograd2 else { continue }
      let geometry = try Convolution(kernelSize: [size, size], padding: .same).geometry(
        input: input, filters: filters)
      let reference = ConvolutionDefinition(geometry)
      let epilogue = Epilogue(
        hasBias: activation != .relu, hasScale: activation != .tanh, hasShift: activation == .relu,
        hasResidual: true, activation: activation, hasMask: activation == .linear || activation == .relu)
      for pass in [ConvolutionPass.forward, .backwardData] {
        let result = reference.result(pass)
        let more = epilogue.operands(of: result)
        let inputs = reference.inputs(pass) + more
        let actual = try pair.devices.run(
          .convolution(pass, geometry, epilogue), inputs, output: result)
        var expected = reference.run(pass, inputs)
        epilogue.apply(to: &expected, columns: result[-1], more[...])
        expectClose(actual, expected, relative: 1e-6, absolute: 3e-5, "\(pass) \(epilogue)")
      }
    }
  }

  /// A kernel of which no thread holds all, and more tiles than are at hand at a time. The definition would take
  /// minutes, so the direct algorithm stands for it.
  @Test(arguments: Pair.all)
  func manyTilesOfALargeKernel(_ pair: Pair) throws {
    let geometry = try Convolution(kernelSize: 3, padding: .same)
      .geometry(input: [11, 14, 14, 400], filters: 300)
    let direct = TestDevice(device: try CPUDevice(convolution: .direct), testDescription: "direct")
    let reference = ConvolutionDefinition(geometry)
    for pass in [ConvolutionPass.forward, .backwardData, .backwardKernel] {
      let inputs = reference.inputs(pass)
      let primitive = Primitive.convolution(pass, geometry, .none)
      let expected = try direct.run(primitive, inputs, output: reference.result(pass))
      let actual = try pair.devices.run(primitive, inputs, output: reference.result(pass))
      expectClose(actual, expected.map(Double.init), relative: 1e-6, absolute: 5e-4, "\(pass)")
    }
  }

  /// What the documentation of `ConvolutionAlgorithm` says about rounding: root mean squares of the error. With sixteen
  /// results side by side, and as many channels as are given to sum over; backward-kernel sums over the pixels.
  @Test(arguments: InstructionSet.available, [4, 32, 256])
  func errorsAreAsDocumented(_ simd: InstructionSet, _ channels: Int) throws {
    for (pass, size) in [
      (ConvolutionPass.forward, 3), (.backwardData, 3), (.backwardKernel, 3), (.forward, 5),
      (.backwardData, 5),
    ] {
      let (input, filters) = pass == .forward ? (channels, 16) : (16, channels)
      let geometry = try Convolution(kernelSize: [size, size], padding: .same)
        .geometry(input: [1, 14, 14, input], filters: filters)
      let reference = ConvolutionDefinition(geometry)
      // Numbers with all their bits: sums of multiples of 1/64 would be exact.
      let inputs = reference.inputs(pass).map { array in
        HostArray(array.values(as: Float.self).map { $0 * 0.739_085_1 }, shape: array.shape)
      }
      let exact = reference.run(pass, inputs)
      let squares = exact.reduce(0) { $0 + $1 * $1 }
      let errors = try ConvolutionAlgorithm.allCases.filter { $0.canRun(pass, geometry) }.map { algorithm in
        let device = TestDevice(
          device: try CPUDevice(threads: 1, simd: simd, convolution: ConvolutionChoice(algorithm)),
          testDescription: "")
        let y = try device.run(
          .convolution(pass, geometry, .none), inputs, output: reference.result(pass))
        let sum = zip(y, exact).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        return (sum / squares).squareRoot()
      }
      let documented =
        pass == .backwardKernel
        ? [2.4e-7, 5.3e-7]
        : size == 5
          ? [4: [1.7e-7, 5.3e-7], 32: [4.6e-7, 7.7e-7], 256: [13e-7, 17e-7]][channels]!
          : [4: [1.0e-7, 1.2e-7, 4.8e-7], 32: [2.9e-7, 2.1e-7, 6.9e-7], 256: [8.3e-7, 5.1e-7, 15e-7]][
            channels]!
      #expect(errors.count == documented.count)
      for (error, wanted) in zip(errors, documented) {
        #expect(error > wanted / 1.2 && error < wanted * 1.2, "\(pass) \(size): \(errors)")
      }
    }
  }

  @Test func whatItCannotRunIsDirect() throws {
    let forced = try CPUDevice(threads: 1, convolution: .winograd4)
    for convolution in [
      Convolution(kernelSize: 1), Convolution(kernelSize: [3, 5]), Convolution(kernelSize: 3, strides: 2),
      Convolution(kernelSize: 3, dilationRate: 2), Convolution(kernelSize: 3, groups: 2),
      Convolution(kernelSize: 7),
    ] {
      let geometry = try convolution.geometry(input: [8, 64, 64, 64], filters: 64)
      #expect(forced.algorithm(for: .forward, geometry) == .direct)
      #expect(ConvolutionAlgorithm(for: .forward, geometry) == .direct)
    }
    let deep = try Convolution(kernelSize: 3).geometry(input: [2, 16, 16, 16, 64], filters: 64)
    #expect(forced.algorithm(for: .backwardKernel, deep) == .direct)
    let five = try Convolution(kernelSize: 5).geometry(input: [8, 64, 64, 64], filters: 64)
    #expect(forced.algorithm(for: .forward, five) == .direct)
  }

  @Test func theChoiceDependsOnTheSizes() throws {
    let device = try CPUDevice(threads: 1)
    let strict = try CPUDevice(threads: 1, convolution: .direct)
    for (input, filters, expected) in [
      ([8, 56, 56, 64] as Shape, 64, ConvolutionAlgorithm.winograd4),
      ([1, 14, 14, 256], 256, .winograd2),
      ([128, 28, 28, 1], 32, .direct),
      ([2, 16, 16, 16, 64], 64, .winograd4),
    ] {
      let geometry = try Convolution(kernelSize: 3, padding: .same).geometry(input: input, filters: filters)
      if device.convolutionChoice == .auto { #expect(device.algorithm(for: .forward, geometry) == expected) }
      #expect(strict.algorithm(for: .forward, geometry) == .direct)
    }
  }
}
