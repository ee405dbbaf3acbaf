import ArgumentParser
import Martlet
import MartletOpenCL

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check every kernel of a device, and keep what is wrong from being used.",
    discussion: """
      Each kind of primitive is compared with its definition in double precision over many shapes; errors are in units \
      of what is allowed. What is wrong on a device with OpenCL stays in quarantine, where the CPU runs it, until \
      doctor finds it right; so does what ends the process, or is killed because it never ends. The exit code is 0 only where all is right.
      """)

  @Option(
    help: ArgumentHelp("Only this kernel, as the first column has it; may be repeated.", valueName: "name"))
  var kernel: [String] = []
  @Flag(help: "Print one JSON object for each kernel, then one with the sums.")
  var json = false
  @OptionGroup var device: DeviceOptions

  private struct KernelLine: Encodable {
    let kernel: String
    let tiles: String?
    let cases: Int
    let failed: Int
    /// The largest error relative to what is allowed; absent where it is not finite.
    let worst: Double?
    let worstCase: String
    let complaint: String?
    let speed: Double?
    let unit: String?
    let speedCase: String?
    let naive: [String: String]
  }

  private struct SummaryLine: Encodable {
    let device: String
    let summary: String
    let kernels: Int
    let cases: Int
    let wrong: [String]
    let quarantined: [String]
  }

  func run() throws {
    let doctor = try device.run { try Doctor($0) }
    var results: [Examination] = []
    if !json { Terminal.write("\(doctor.device.name)  \(doctor.device.summary)\n\(Self.header)\n") }
    var drawn = 0.0
    StopSignal.listen()
    try doctor.examine(kernel) { kind, done, all in
      if let signal = StopSignal.current { throw ExitCode(128 + signal.rawValue) }
      guard !json, Terminal.isTerminal, monotonicSeconds() - drawn > 0.1 else { return }
      drawn = monotonicSeconds()
      Terminal.drawBar("\(done)/\(all)", done: done, of: all, kind)
    } report: { result in
      results.append(result)
      if json {
        try? printJSON(Self.line(result))
      } else {
        Terminal.write((Terminal.isTerminal ? "\r\u{1B}[K" : "") + Self.row(result) + "\n")
      }
    }
    try finish(doctor, results)
    if results.contains(where: \.isWrong) { throw ExitCode.failure }
  }

  private func finish(_ doctor: Doctor, _ results: [Examination]) throws {
    let wrong = results.filter(\.isWrong)
    let quarantined = doctor.quarantine?.entries.sorted() ?? []
    let cases = results.reduce(0) { $0 + $1.cases }
    guard !json else {
      return try printJSON(
        SummaryLine(
          device: doctor.device.name, summary: doctor.device.summary, kernels: results.count, cases: cases,
          wrong: wrong.map(\.name), quarantined: quarantined))
    }
    for result in results where !result.naive.isEmpty {
      let kernels = result.naive.sorted { $0.key < $1.key }.map { "\($0.key), \($0.value)" }
      Terminal.write("naive  \(result.name): \(kernels.joined(separator: "; "))\n")
    }
    for result in wrong {
      Terminal.write(
        "wrong  \(result.name): \(result.failed) of \(result.cases) cases; \(result.complaint!)\n")
    }
    if !quarantined.isEmpty { Terminal.write("quarantine  \(quarantined.joined(separator: ", "))\n") }
    if !doctor.isKept { Terminal.write("The quarantine cannot be written to the cache; nothing is kept.\n") }
    Terminal.write(
      "\(doctor.device.name): \(wrong.count) of \(results.count) kernels wrong, \(cases) cases\n")
  }

  private static let header = columns("kernel", "tiles", "cases", "error / allowed", "speed")

  private static func row(_ result: Examination) -> String {
    columns(
      result.kind, result.tiles ?? "", "\(result.cases)",
      result.isWrong ? "WRONG" : result.worst.fixed(3),
      result.speed.map { "\($0.amount.fixed($0.amount < 10 ? 2 : 0)) \($0.unit)" } ?? "-")
      + (result.worst > 0 ? "  \(result.worstCase)" : "")
  }

  private static func columns(_ cells: String...) -> String {
    zip(cells, [30, 5, 6, 16, 14]).enumerated().map { column, cell in
      let filler = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return column < 2 ? cell.0 + filler : filler + cell.0
    }.joined()
  }

  private static func line(_ result: Examination) -> KernelLine {
    KernelLine(
      kernel: result.kind, tiles: result.tiles, cases: result.cases, failed: result.failed,
      worst: result.worst.isFinite ? result.worst : nil, worstCase: result.worstCase,
      complaint: result.complaint, speed: result.speed?.amount, unit: result.speed?.unit,
      speedCase: result.speed?.trial, naive: result.naive)
  }
}
