import Glibc
import MartletCore
import MartletDefinitions
import Testing

@testable import MartletCPU

/// How convolutions are run: the table, every way that can run one, and what was measured.
struct ConvolutionChoiceTests {
  private static func task(
    _ pass: ConvolutionPass, _ input: Shape, _ filters: Int, _ convolution: Convolution
  ) throws -> ConvolutionTask {
    ConvolutionTask(pass, try convolution.geometry(input: input, filters: filters))
  }

  private static let same = Convolution(kernelSize: 3, padding: .same)

  /// With vectors of 16 floats.
  @Test func theTableIsStable() throws {
    let depthwise = Convolution(kernelSize: 3, padding: .same, groups: 32)
    let strided = Convolution(kernelSize: 4, strides: 2, padding: .same)
    for (pass, input, filters, convolution, way) in [
      (.forward, [8, 56, 56, 64], 64, Self.same, .winograd4),
      (.forward, [1, 14, 14, 256], 256, Self.same, .winograd2),
      (.backwardKernel, [8, 56, 56, 64], 64, Self.same, .winograd4),
      (.forward, [128, 28, 28, 1], 32, Self.same, .tiles),
      (.forward, [8, 28, 28, 64], 64, Convolution(kernelSize: 1), .tiles),
      (.forward, [1, 256, 256, 1], 1, Self.same, .planar),
      (.backwardData, [8, 32, 32, 3], 64, strided, .scatter),
      (.forward, [8, 28, 28, 32], 32, depthwise, .channelwise),
      (.backwardData, [8, 28, 28, 32], 32, depthwise, .channelwise),
      (.backwardKernel, [8, 28, 28, 32], 32, depthwise, .channelwise),
    ] as [(ConvolutionPass, Shape, Int, Convolution, ConvolutionWay)] {
      let task = try Self.task(pass, input, filters, convolution)
      #expect(ConvolutionWay(for: task, lanes: 16) == way, "\(task)")
    }
  }

  /// Sizes at random: what every way gives that can run them, also where the table would not take it.
  @Test(arguments: InstructionSet.available, 0..<12)
  func everyWayMatchesTheDefinition(_ simd: InstructionSet, _ seed: UInt64) throws {
    var generator = PhiloxGenerator(seed: 77, stream: seed)
    var ways: Set<ConvolutionWay> = []
    for number in 0..<12 {
      func any(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &generator) }
      let isWinograd = number % 3 == 0
      let groups = number % 4 == 1 ? any(2...5) : 1
      let kernel = isWinograd ? [3, 3] : [any(1...4), any(1...5)]
      let (stride, dilation) = isWinograd ? (1, 1) : (any(1...2), number % 5 > 0 ? 1 : 2)
      let convolution = Convolution(
        kernelSize: [kernel[0], kernel[1]], strides: [stride, stride],
        padding: [.same, .full, .explicit([.init(1, 0), .init(0, 2)])][any(0...2)],
        dilationRate: [dilation, dilation], groups: groups)
      let input: Shape = [any(1...2), any(7...12), any(9...24), groups * any(1...9)]
      guard let geometry = try? convolution.geometry(input: input, filters: groups * any(1...9)) else {
        continue
      }
      let reference = ConvolutionDefinition(geometry)
      for pass in [ConvolutionPass.forward, .backwardData, .backwardKernel] {
        let task = ConvolutionTask(pass, geometry)
        let inputs = reference.inputs(pass)
        let expected = reference.run(pass, inputs)
        for way in ConvolutionWay.all(for: task, lanes: simd.kernels.matrix.lanes) {
          ways.insert(way)
          let devices = try [1, 2].map { threads in
            TestDevice(
              device: try CPUDevice(
                threads: threads, simd: simd, convolution: .tuned, tuning: ConvolutionTuning([task: way])),
              testDescription: "")
          }
          #expect((devices[0].device as? CPUDevice)?.way(for: pass, geometry) == way)
          let pair = DevicePair(one: devices[0], two: devices[1], testDescription: "")
          let actual = try pair.run(
            .convolution(pass, geometry, .none), inputs, output: reference.result(pass))
          expectClose(actual, expected, relative: 2e-6, absolute: 1e-4, "\(task): \(way)")
        }
      }
    }
    #expect(ways.isSuperset(of: [.tiles, .winograd2, .winograd4]))
  }

  @Test func theTextOfATaskCanBeReadBack() throws {
    for task in [
      try Self.task(.forward, [8, 56, 55, 64], 32, Self.same),
      try Self.task(.backwardData, [2, 9, 6], 4, Convolution(kernelSize: 3, strides: 2, groups: 2)),
      try Self.task(
        .backwardKernel, [2, 3, 9, 6, 4], 8, Convolution(kernelSize: [1, 3, 2], dilationRate: 2)),
    ] { #expect(ConvolutionTask("\(task)") == task) }
    let task = try Self.task(.forward, [8, 56, 56, 64], 64, Self.same)
    #expect(
      "\(task)"
        == "forward 8x56x56x64 -> 56x56x64, kernel 3x3, strides 1x1, dilation 1x1, padding 1x1, groups 1")
    for wrong in ["", "forward", "sideways 8x5x5x1", "\(task) ", "\(task)1x9999999999999999999999"] {
      #expect(ConvolutionTask(wrong) == nil)
    }
  }

  @Test func theFastestWinsWhereItIsWorthItsRounding() {
    #expect(ConvolutionWay.best(of: [.tiles: 1, .scatter: 0.99]) == .scatter)
    #expect(ConvolutionWay.best(of: [.tiles: 1, .winograd4: 0.92]) == .tiles)
    #expect(ConvolutionWay.best(of: [.tiles: 1, .winograd2: 0.88, .winograd4: 0.87]) == .winograd4)
  }

  /// Winograd's algorithms round differently: the bits say that they ran.
  @Test func aTunedChoiceIsWhatRuns() throws {
    let task = try Self.task(.forward, [1, 9, 9, 20], 20, Self.same)
    let reference = ConvolutionDefinition(task.geometry)
    let inputs = reference.inputs(.forward).map { array in
      HostArray(array.values(as: Float.self).map { $0 * 0.739_085_1 }, shape: array.shape)
    }
    func bits(_ choice: ConvolutionChoice, _ tuning: ConvolutionTuning?) throws -> [UInt32] {
      let device = try CPUDevice(threads: 1, convolution: choice, tuning: tuning)
      return try TestDevice(device: device, testDescription: "")
        .run(.convolution(.forward, task.geometry, .none), inputs, output: task.geometry.outputShape)
        .map(\.bitPattern)
    }
    for choice in [ConvolutionChoice.direct, .winograd2, .winograd4] {
      let way = ConvolutionWay(rawValue: choice.rawValue) ?? .tiles
      #expect(try bits(.tuned, ConvolutionTuning([task: way])) == bits(choice, nil))
    }
    #expect(try bits(.winograd2, nil) != bits(.winograd4, nil))
    #expect(try bits(.direct, nil) != bits(.winograd4, nil))
    // A table is for those who ask for it, and says nothing about other sizes; what cannot run is not taken.
    #expect(try bits(.auto, ConvolutionTuning([task: .winograd4])) == bits(.auto, nil))
    #expect(try bits(.tuned, ConvolutionTuning()) == bits(.auto, nil))
    #expect(try bits(.tuned, ConvolutionTuning([task: .channelwise])) == bits(.auto, nil))
  }

  @Test func aDeviceSaysWhatItTakes() throws {
    let task = try Self.task(.forward, [1, 9, 9, 20], 20, Self.same)
    func summary(_ way: ConvolutionWay) throws -> String {
      try CPUDevice(threads: 1, convolution: .tuned, tuning: ConvolutionTuning([task: way])).summary
    }
    #expect(try summary(.tiles).contains(", convolutions tuned "))
    #expect(try summary(.tiles) != summary(.winograd2))
    #expect(try summary(.tiles) == summary(.tiles))
  }

  @Test func everyWayIsMeasured() throws {
    let device = try CPUDevice(threads: 1)
    for pass in [ConvolutionPass.forward, .backwardData, .backwardKernel] {
      let task = try Self.task(pass, [1, 9, 20, 2], 3, Self.same)
      let times = try device.measure(task, seconds: 0)
      #expect(Set(times.keys) == Set(ConvolutionWay.all(for: task, lanes: device.kernels.matrix.lanes)))
      #expect(times[device.tableWay(for: task)] != nil && times.values.allSatisfy { $0 > 0 && $0 < 10 })
    }
  }
}
