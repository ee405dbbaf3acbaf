import ArgumentParser
import MartletCPU

struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak", abstract: "What this machine can do: multiply-adds in registers, and memory.")
  @OptionGroup var options: DeviceOptions

  func run() throws {
    let device = try options.device()
    print(device.summary)
    print(
      "multiply-add \(column(device.multiplyAddRate(seconds: options.seconds, clock: options.clock) / 1e9)) GFLOP/s"
    )
    print("memory       \(column(try device.memoryRate() / 1e9)) GB/s")
  }
}
