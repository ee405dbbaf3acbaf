import ArgumentParser
import MartletCPU

struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak", abstract: "What this machine can do: multiply-adds in registers, and memory.")
  @OptionGroup var options: DeviceOptions

  func run() throws {
    let device = try options.device()
    let one = try CPUDevice(threads: 1, simd: device.instructionSet)
    let devices = device.threads > 1 ? [one, device] : [one]
    print(device.summary)
    print(column("threads", width: 24) + devices.map { column(Double($0.threads), digits: 0) }.joined())
    func line(_ name: String, _ rate: (CPUDevice) throws -> Double) rethrows {
      print(column(name, width: 24) + (try devices.map { column(try rate($0) / 1e9) }).joined())
    }
    line("multiply-add, GFLOP/s") { $0.multiplyAddRate(seconds: options.seconds, clock: options.clock) }
    try line("copy, GB/s") { try $0.memoryRate(.copy) }
    try line("triad, GB/s") { try $0.memoryRate(.triad) }
  }
}
