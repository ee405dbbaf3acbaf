import ArgumentParser
import MartletCPU
import MartletCore

/// What the choice of algorithms is tuned by.
struct WinogradCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "winograd",
    abstract:
      "3x3 convolutions by every algorithm: the direct one's microseconds, how much faster the others are.")
  @OptionGroup var options: DeviceOptions
  @Option(help: "Only rows whose name contains this.") var only: String?

  /// Batch, size of the picture, channels, filters.
  static let rows: [(Int, Int, Int, Int)] = [
    (128, 32, 3, 16), (128, 32, 16, 16), (128, 16, 32, 32), (128, 8, 64, 64), (128, 13, 32, 64),
    (4, 128, 16, 16), (4, 128, 32, 16), (4, 64, 32, 32), (4, 64, 64, 32), (4, 16, 128, 128), (4, 8, 256, 256),
    (1, 56, 64, 64), (1, 28, 128, 128), (1, 14, 256, 256), (1, 7, 512, 512),
    (8, 56, 64, 64), (8, 28, 128, 128), (8, 14, 256, 256), (8, 7, 512, 512),
    (1, 13, 384, 256), (8, 13, 256, 384), (1, 112, 128, 128), (4, 30, 24, 40), (32, 7, 20, 20),
    (2, 10, 48, 80),
  ]

  func run() throws {
    let algorithms = ConvolutionAlgorithm.allCases
    let devices = try algorithms.map { try options.device(convolution: ConvolutionChoice($0)) }
    let chooser = try options.device()
    print(chooser.summary)
    print(
      column("forward, data, kernel", width: 30)
        + algorithms.map { column($0.rawValue, width: 13) }.joined() + column("chosen", width: 13)
        + "% of the best")
    for (batch, size, channels, filters) in Self.rows {
      let name = "\(batch) x \(size)x\(size)x\(channels)->\(filters)"
      guard only.map({ name.contains($0) }) ?? true else { continue }
      let g = try Convolution(kernelSize: 3, padding: .same)
        .geometry(input: [batch, size, size, channels], filters: filters)
      for pass in [ConvolutionPass.forward, .backwardData, .backwardKernel] {
        let workloads = try devices.map {
          try Workload(
            $0, .convolution(pass, g, .none),
            inputs: [
              pass == .backwardData ? g.outputShape : g.inputShape,
              pass == .backwardKernel ? g.outputShape : g.kernelShape,
            ],
            output: pass == .forward ? g.outputShape : pass == .backwardData ? g.inputShape : g.kernelShape)
        }
        let times = try medians(workloads, options)
        let chosen = chooser.algorithm(for: pass, g)
        let best = times.min()! / times[algorithms.firstIndex(of: chosen)!]
        print(
          column(pass == .forward ? name : "", width: 30) + column(times[0] * 1e6, digits: 0)
            + times.dropFirst().map { column(times[0] / $0, digits: 2, width: 13) }.joined() + "    "
            + column(chosen.rawValue, width: 13) + column(100 * best, digits: 0, width: 6))
      }
    }
  }
}
