import MartletCore
import MartletDefinitions
import Testing

@testable import MartletCPU

/// Convolutions whose pixels are one step apart, which is decided by sizes alone.
struct StepConvolutionTests {
  private func task(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> StepConvolution? {
    let nowhere = UnsafeMutablePointer<Float>(bitPattern: 64)!
    return StepConvolution(
      pass, geometry, ConvolutionSource(pass, geometry, UnsafePointer(nowhere)), ResolvedEpilogue(.none, []),
      result: nowhere, InstructionSet.base.kernels.matrix)
  }

  @Test func whatIsStepped() throws {
    let same = Convolution(kernelSize: 3, padding: .same)
    for (pass, input, filters, convolution, isStepped) in [
      (.forward, [8, 28, 28, 1], 32, Convolution(kernelSize: 3), true),
      (.forward, [8, 28, 28, 1], 32, same, true),
      (.forward, [8, 32, 32, 3], 16, same, true),
      (.forward, [2, 224, 224, 3], 64, Convolution(kernelSize: 7, strides: 2, padding: .same), true),
      (.forward, [8, 14, 14, 256], 64, Convolution(kernelSize: 1), true),
      (.backwardData, [8, 14, 14, 256], 64, Convolution(kernelSize: 1), true),
      // Most of a frame would be zeros; there is much to multiply for each pixel; rows are short.
      (.forward, [8, 4, 4, 32], 32, same, false),
      (.forward, [8, 28, 28, 256], 256, Convolution(kernelSize: 3, strides: 2), false),
      (.forward, [8, 5, 5, 4], 32, Convolution(kernelSize: 2), false),
    ] as [(ConvolutionPass, Shape, Int, Convolution, Bool)] {
      let geometry = try convolution.geometry(input: input, filters: filters)
      #expect((task(pass, geometry) != nil) == isStepped, "\(pass) \(geometry)")
    }
  }

  /// First layers and the like with sizes at random, against the definition.
  @Test(arguments: InstructionSet.available, 0..<8)
  func matchesTheDefinition(_ simd: InstructionSet, _ seed: UInt64) throws {
    var generator = PhiloxGenerator(seed: 78, stream: seed)
    let devices = try [1, 2].map { threads in
      TestDevice(
        device: try CPUDevice(threads: threads, simd: simd, convolution: .direct), testDescription: "")
    }
    let pair = DevicePair(one: devices[0], two: devices[1], testDescription: "")
    var stepped = 0
    for number in 0..<24 {
      func any(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
      let rank = [2, 2, 2, 1, 3][number % 5]
      func each(_ range: ClosedRange<Int>) -> Spatial { Spatial((0..<rank).map { _ in any(range) }) }
      let groups = number % 6 == 5 ? 2 : 1
      let convolution = Convolution(
        kernelSize: number % 4 == 0 ? 1 : each(1...5), strides: each(1...3),
        padding: number % 4 == 0 ? .valid : [.valid, .same, .full][any(0...2)],
        dilationRate: number % 7 == 6 ? 2 : 1, groups: groups)
      let sizes = (0..<rank).map { $0 + 1 < rank ? any(3...12) : any(6...[70, 40, 20][rank - 1]) }
      let input = Shape([any(1...4)] + sizes + [groups * any(1...4)])
      guard let geometry = try? convolution.geometry(input: input, filters: groups * any(16...70)) else {
        continue
      }
      let reference = ConvolutionDefinition(geometry)
      for pass in [ConvolutionPass.forward, .backwardData] {
        if task(pass, geometry) != nil { stepped += 1 }
        let inputs = reference.inputs(pass)
        let actual = try pair.run(
          .convolution(pass, geometry, .none), inputs, output: reference.result(pass))
        expectClose(
          actual, reference.run(pass, inputs), relative: 2e-6, absolute: 1e-4, "\(pass) \(geometry)")
      }
    }
    #expect(stepped >= 6)
  }
}
