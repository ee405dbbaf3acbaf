import ArgumentParser
import MartletCPU
import MartletCore

/// What further threads bring to primitives, beside what they bring to bare loops in the same moments.
struct ScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling", abstract: "What more threads bring, beside what they bring to bare loops.",
    discussion: """
      Work that computes is compared with multiply-adds in registers, work that moves memory with a triad \
      (a = 3b + c). One thread and all of them take turns with the same probe; the best run of each counts.
      """)
  @OptionGroup var options: DeviceOptions
  @Option(help: "Only rows whose name contains this.") var only: String?

  private struct Row {
    var name: String
    var movesMemory = false
    var workload: (CPUDevice) throws -> Workload
  }

  func run() throws {
    guard !options.cpuTime else {
      throw ValidationError("processor time adds up over threads: no --cpu-time")
    }
    let all = try options.device()
    guard all.threads > 1 else { throw ValidationError("there is one thread only, and nothing to compare") }
    let devices = [try CPUDevice(threads: 1, simd: all.instructionSet), all]
    let triads = try devices.map(Self.triad)
    print("\(all.summary); milliseconds")
    print(
      column("", width: 34)
        + ["1 thread", "\(all.threads)", "speed-up", "probe's", "ratio"]
        .map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined())
    for row in rows where only.map({ row.name.contains($0) }) ?? true {
      let work = try devices.map(row.workload)
      let (times, probe) = try best(work) { index in
        row.movesMemory
          ? try time(triads[index]) : 1 / devices[index].multiplyAddRate(seconds: 0.005)
      }
      let (speedup, bound) = (times[0] / times[1], probe[0] / probe[1])
      print(
        column(row.name, width: 34) + times.map { column($0 * 1e3, digits: 3, width: 10) }.joined()
          + [speedup, bound, speedup / bound].map { column($0, digits: 2, width: 10) }.joined())
    }
  }

  /// The shortest times of the work and of the probe on each device, all in turn.
  private func best(
    _ work: [Workload], probe: (Int) throws -> Double
  ) throws -> (work: [Double], probe: [Double]) {
    var times = work.map { _ in Double.infinity }
    var probes = times
    for workload in work { try workload.run() }
    let start = seconds()
    var rounds = 0
    repeat {
      for index in work.indices {
        times[index] = min(times[index], try time(work[index]))
        probes[index] = min(probes[index], try probe(index))
      }
      rounds += 1
    } while seconds() - start < options.seconds || rounds < 5
    return (times, probes)
  }

  private func time(_ workload: Workload) throws -> Double {
    let start = seconds()
    try workload.run()
    return seconds() - start
  }
}

extension ScalingCommand {
  private static func triad(_ device: CPUDevice) throws -> Workload {
    try Workload(
      device, .elementwise(.single(.multiplyAdd)),
      inputs: [Operand.array(device, [1 << 24]), .scalar(3 as Float), .array(device, [1 << 24])],
      outputs: [.array(device, [1 << 24])])
  }

  private var rows: [Row] {
    GemmCommand.rows.map { name, product in
      // A product of few rows, or over few, reads or writes each of its numbers for little work.
      let isThin = min(product.m, product.n, product.k) < 8
      return Row(name: name, movesMemory: isThin) { try Workload($0, product) }
    } + convolutions + [
      Row(name: "relu of 16M", movesMemory: true) { device in
        try Workload(
          device, .elementwise(.single(.relu)), inputs: [.array(device, [1 << 24])],
          outputs: [.array(device, [1 << 24])])
      },
      Row(name: "addition of 16M", movesMemory: true) { device in
        try Workload(
          device, .elementwise(.single(.add)),
          inputs: [.array(device, [1 << 24]), .array(device, [1 << 24])],
          outputs: [.array(device, [1 << 24])])
      },
      Row(name: "triad of 16M", movesMemory: true) { try Self.triad($0) },
    ]
  }

  private var convolutions: [Row] {
    ConvolutionCommand.rows.flatMap { name, input, filters, convolution in
      [ConvolutionPass.forward, .backwardData, .backwardKernel].map { pass in
        Row(name: "\(name) \(pass)", movesMemory: convolution.groups > 1) { device in
          try Workload(device, pass, try convolution.geometry(input: input, filters: filters))
        }
      }
    }
  }
}
