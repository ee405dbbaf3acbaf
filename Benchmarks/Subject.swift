import MartletCPU
import MartletCore
import MartletOpenCL
import MartletTensor

/// A device that is measured, with its own clock and its ceilings.
enum Subject {
  case cpu(CPUDevice)
  case openCL(OpenCLDevice)

  init(named name: String, threads: Int?) throws {
    guard let hardware = try Devices.hardware(named: name) else {
      self = .cpu(try CPUDevice(threads: threads))
      return
    }
    self = .openCL(try OpenCLDevice(hardware, isProfiled: true))
  }

  var device: any Device {
    switch self {
    case .cpu(let device): device
    case .openCL(let device): device
    }
  }

  /// Floating-point operations a second in registers.
  func multiplyAddRate() throws -> Double {
    switch self {
    case .cpu(let device): device.multiplyAddRate(seconds: 0.2)
    case .openCL(let device): try device.multiplyAddRate(seconds: 0.2)
    }
  }

  /// Bytes a second of a triad.
  func memoryRate() throws -> Double {
    switch self {
    case .cpu(let device): try device.memoryRate()
    case .openCL(let device): try device.memoryRate()
    }
  }

  /// What the device's clock says of the commands since the last call; empty where it has none.
  private func commandTimes() throws -> [CommandTime] {
    switch self {
    case .cpu: []
    case .openCL(let device): try device.takeCommandTimes()
    }
  }

  /// How long a piece of work takes.
  struct Times {
    /// By the host's clock, with waiting shared out over a bunch of runs: the least, and the median.
    var host = Double.infinity
    var median = 0.0
    /// By the device's clock, kernel by kernel, of the run with the least sum; empty where there is no clock.
    var kernels: [(name: String, seconds: Double)] = []
    var runs = 0

    /// By the device's clock where there is one.
    var device: Double { kernels.isEmpty ? host : kernels.reduce(0) { $0 + $1.seconds } }
  }

  /// Runs pieces of work in turn, so that a disturbance falls on every one of them, for so many seconds each, but for
  /// some rounds at least.
  func times(of contenders: [() throws -> Void], seconds budget: Double, rounds: Int) throws -> [Times] {
    // The first run builds kernels, the second says how many make up some milliseconds.
    let bunches = try contenders.map { contender in
      _ = try time(contender, runs: 1)
      return max(1, min(256, Int(0.004 / (try time(contender, runs: 1)))))
    }
    _ = try commandTimes()
    var times = contenders.map { _ in Times() }
    var all = contenders.map { _ in [Double]() }
    let end = seconds() + budget * Double(contenders.count)
    repeat {
      for (index, contender) in contenders.enumerated() {
        all[index].append(try time(contender, runs: bunches[index]))
        let kernels = Self.summed(try commandTimes(), runs: bunches[index])
        let sum = kernels.reduce(0) { $0 + $1.seconds }
        if times[index].runs == 0 || sum < times[index].device { times[index].kernels = kernels }
        times[index].runs += bunches[index]
      }
    } while seconds() < end || all[0].count < rounds
    for index in times.indices {
      all[index].sort()
      times[index].host = all[index][0]
      times[index].median = all[index][all[index].count / 2]
    }
    return times
  }

  private func time(_ work: () throws -> Void, runs: Int) throws -> Double {
    let start = seconds()
    for _ in 0..<runs { try work() }
    try device.synchronize()
    return (seconds() - start) / Double(runs)
  }

  /// A run's seconds in each kernel, in the order in which they begin.
  private static func summed(_ commands: [CommandTime], runs: Int) -> [(name: String, seconds: Double)] {
    var kernels: [(name: String, seconds: Double)] = []
    for command in commands {
      let index = kernels.firstIndex { $0.name == command.name } ?? kernels.count
      if index == kernels.count { kernels.append((command.name, 0)) }
      kernels[index].seconds += command.seconds / Double(runs)
    }
    return kernels
  }
}
