import ArgumentParser
import MartletCore

struct ConvolutionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convolution", abstract: "Convolutions: forward, and the gradients of input and kernel.")
  @OptionGroup var options: DeviceOptions
  @Option(help: "Only rows whose name contains this.") var only: String?

  static let rows: [(String, Shape, Int, Convolution)] = [
    ("mnist 28x28x1->32 3x3", [128, 28, 28, 1], 32, Convolution(kernelSize: 3)),
    ("mnist 13x13x32->64 3x3", [128, 13, 13, 32], 64, Convolution(kernelSize: 3)),
    ("resnet20 32x32x3->16 3x3", [128, 32, 32, 3], 16, Convolution(kernelSize: 3, padding: .same)),
    ("resnet20 32x32x16->16 3x3", [128, 32, 32, 16], 16, Convolution(kernelSize: 3, padding: .same)),
    (
      "resnet20 32x32x16->32 3x3/2", [128, 32, 32, 16], 32,
      Convolution(kernelSize: 3, strides: 2, padding: .same)
    ),
    ("resnet20 16x16x32->32 3x3", [128, 16, 16, 32], 32, Convolution(kernelSize: 3, padding: .same)),
    ("resnet20 8x8x64->64 3x3", [128, 8, 8, 64], 64, Convolution(kernelSize: 3, padding: .same)),
    ("resnet20 32x32x16->32 1x1/2", [128, 32, 32, 16], 32, Convolution(kernelSize: 1, strides: 2)),
    ("56x56x64->64 3x3", [8, 56, 56, 64], 64, Convolution(kernelSize: 3, padding: .same)),
    ("14x14x256->256 3x3", [8, 14, 14, 256], 256, Convolution(kernelSize: 3, padding: .same)),
    ("7x7x512->512 3x3", [8, 7, 7, 512], 512, Convolution(kernelSize: 3, padding: .same)),
    ("56x56x64->256 1x1", [8, 56, 56, 64], 256, Convolution(kernelSize: 1)),
    ("224x224x3->64 7x7/2", [8, 224, 224, 3], 64, Convolution(kernelSize: 7, strides: 2, padding: .same)),
    (
      "112x112x32 3x3 depthwise", [8, 112, 112, 32], 32,
      Convolution(kernelSize: 3, padding: .same, groups: 32)
    ),
  ]

  func run() throws {
    let device = try options.device()
    let peak = device.multiplyAddRate(seconds: 0.2, clock: options.clock)
    print(
      "\(device.summary), peak \(column(peak / 1e9)) GFLOP/s; microseconds, GFLOP/s, % of peak, w2 or w4 by Winograd"
    )
    let passes: [ConvolutionPass] = [.forward, .backwardData, .backwardKernel]
    print(
      column("batch 128 or 8", width: 30)
        + "          forward              backward-data             backward-kernel")
    for (name, input, filters, convolution) in Self.rows where only.map({ name.contains($0) }) ?? true {
      let g = try convolution.geometry(input: input, filters: filters)
      let workloads = try passes.map { try Workload(device, $0, g) }
      var line = column(name, width: 30)
      for (pass, time) in zip(passes, try medians(workloads, options)) {
        let rate = 2 * Double(g.multiplyAccumulates) / time
        line += column(time * 1e6, digits: 0) + column(rate / 1e9, width: 7)
        line += column(100 * rate / peak, digits: 0, width: 5)
        let algorithm = device.algorithm(for: pass, g)
        line += algorithm == .direct ? "   " : " w\(algorithm.rawValue.last!)"
      }
      print(line)
    }
  }
}

extension Workload {
  /// One pass of a convolution.
  init(_ device: any Device, _ pass: ConvolutionPass, _ g: ConvolutionGeometry) throws {
    try self.init(
      device, .convolution(pass, g, .none),
      inputs: [
        pass == .backwardData ? g.outputShape : g.inputShape,
        pass == .backwardKernel ? g.outputShape : g.kernelShape,
      ],
      output: pass == .forward ? g.outputShape : pass == .backwardData ? g.inputShape : g.kernelShape)
  }
}
