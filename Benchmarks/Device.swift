import ArgumentParser
import Glibc
import MartletCore
import MartletOpenCL

/// The whole of a device in one table: each kernel at several shapes, beside what the device can do at best.
struct DeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Every kernel of a device, beside what the device can do at best.",
    discussion: """
      Microseconds are the device's own where it has a clock (the sums over a row's kernels), the host's \
      otherwise: the least of several runs. Per cent of a rate of multiply-adds in registers, and of a triad \
      (a = b + s c) in memory, which are measured first and, since machines change, once more at the end.
      """)
  @Option(help: "opencl (the first one), opencl:1, ... or cpu.") var device = "opencl"
  @Option(help: "Threads of the CPU; by default all processors.") var threads: Int?
  @Option(help: "Seconds for each row.") var seconds = 0.4
  @Option(help: "Only rows whose name contains this.") var only: String?
  @Flag(help: "A tenth of the time for each row, and no large rows.") var quick = false
  @Flag(help: "Print one JSON object a line; the table goes to standard error.") var json = false

  func run() throws {
    let subject = try Subject(named: device, threads: threads)
    report(Identity(of: subject), text: "\(subject.device.summary), commit \(Build.commit ?? "unknown")")
    let ceilings = try Ceilings(of: subject)
    report(ceilings, text: ceilings.text)
    try reportHost(subject)
    say(DeviceRow.header)
    let clblast = clblast(on: subject)
    var failures = 0
    for row in rows(on: subject) where only.map({ row.name.contains($0) }) ?? true {
      var line = DeviceRow(row: row.name)
      do {
        let workload = try row.workload(subject.device)
        var contenders = [workload.encode]
        if let clblast, case .gemm(let g, _) = workload.primitive {
          let (operands, c) = (workload.inputs, workload.outputs[0])
          contenders.append { try clblast.encode(g, a: operands[0], b: operands[1], c: c) }
        }
        let times = try subject.times(
          of: contenders, seconds: quick ? seconds / 10 : seconds, rounds: quick ? 1 : 3)
        line.take(times, of: row, ceilings)
      } catch {
        failures += 1
        line.failure = "\(error)"
      }
      report(line, text: line.text)
      subject.device.trim()
    }
    let after = try Ceilings(of: subject)
    report(after, text: "in the end: \(after.text)")
    if failures > 0 { throw ExitCode(1) }
  }

  private func report(_ value: some Encodable, text: String) {
    if json { send(value, keys: .convertToSnakeCase) }
    say(text)
  }

  private func say(_ line: String) {
    let text = line + "\n"
    _ = text.withCString { write(json ? STDERR_FILENO : STDOUT_FILENO, $0, text.utf8.count) }
  }

  /// Launches, and bytes between host and device.
  private func reportHost(_ subject: Subject) throws {
    let launches = try Launches(of: subject)
    report(launches, text: launches.text)
    if case .openCL(let device) = subject {
      let transfers = try Transfers(of: device)
      report(transfers, text: transfers.text)
    }
  }

  private func clblast(on subject: Subject) -> CLBlast? {
    guard case .openCL(let device) = subject else { return nil }
    if let reason = CLBlast.absence {
      report(["clblast": reason], text: "There is no CLBlast to compare with: \(reason)")
    }
    return CLBlast(device)
  }

  private func rows(on subject: Subject) -> [Row] {
    let all = GemmCommand.deviceRows + ConvolutionCommand.deviceRows + ElementsCommand.rows
    if quick { return all.filter { $0.operations <= 3e9 && $0.bytes <= 170_000_000 } }
    guard case .openCL(let device) = subject, device.hardware.isGPU else { return all }
    return GemmCommand.largeRows + all
  }
}

extension GemmCommand {
  fileprivate static var deviceRows: [Row] { rows.map(row) }

  /// What fills a GPU, and takes minutes elsewhere.
  fileprivate static var largeRows: [Row] {
    [4096, 8192].map { row("\($0)^3", GEMM(m: $0, n: $0, k: $0)) }
  }

  private static func row(_ name: String, _ g: GEMM) -> Row {
    let (m, n, k) = (Double(g.m), Double(g.n), Double(g.k))
    return Row(name: "gemm \(name)", operations: 2 * m * n * k, bytes: Int(4 * (m * k + k * n + m * n))) {
      try Workload($0, g)
    }
  }
}

extension ConvolutionCommand {
  fileprivate static var deviceRows: [Row] {
    let transposed: [(String, Shape, Int, Convolution)] = [
      (
        "transposed 7x7x128->64 5x5/2", [64, 7, 7, 128], 64,
        Convolution(kernelSize: 5, strides: 2, padding: .same)
      ),
      (
        "transposed 64x64x64->32 2x2/2", [8, 64, 64, 64], 32,
        Convolution(kernelSize: 2, strides: 2, padding: .same)
      ),
    ]
    return rows.flatMap { name, input, filters, convolution -> [Row] in
      guard let g = try? convolution.geometry(input: input, filters: filters) else {
        preconditionFailure("\(name) does not fit")
      }
      return [ConvolutionPass.forward, .backwardData, .backwardKernel].map { row("\(name) \($0)", $0, g) }
    }
      + transposed.map { name, input, filters, convolution in
        // What it computes is the backward-data of the convolution that goes the other way.
        guard let g = try? convolution.transposedGeometry(input: input, filters: filters) else {
          preconditionFailure("\(name) does not fit")
        }
        return row(name, .backwardData, g)
      }
  }

  private static func row(_ name: String, _ pass: ConvolutionPass, _ g: ConvolutionGeometry) -> Row {
    Row(
      name: name, operations: 2 * Double(g.multiplyAccumulates),
      bytes: 4 * (g.inputShape.count + g.kernelShape.count + g.outputShape.count)
    ) { try Workload($0, pass, g) }
  }
}
