import ArgumentParser
import Martlet

struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance", abstract: "Compare a device's results with a folder of reference cases.",
    discussion: """
      The folder holds index.json and safetensors files, as Tests/Reference does. The last line counts the cases. The \
      exit code is 0 only where every case ran and passed.
      """)

  @Argument(help: ArgumentHelp("The folder with index.json.", valueName: "dir"), completion: .directory)
  var folder: String
  @Flag(help: "Print one JSON object for each group of cases, then one with the sums.")
  var json = false
  @OptionGroup var device: DeviceOptions

  private struct GroupLine: Encodable {
    let group: String
    let passed: Int
    let failed: [ConformanceReport.Remark]
    let unsupported: [ConformanceReport.Remark]
    /// The largest error relative to what is allowed; absent where it is not a number.
    let worst: Double?
  }

  private struct SummaryLine: Encodable {
    let set: String
    let device: String
    let passed: Int
    let failed: Int
    let unsupported: Int
  }

  func run() throws {
    let report = try device.run { device in
      try ConformanceRunner(ReferenceSet(FilePath(folder)), device: device).run()
    }
    if json {
      try printLines(report)
    } else {
      print(report.table)
    }
    if !report.isComplete { throw ExitCode.failure }
  }

  private func printLines(_ report: ConformanceReport) throws {
    for group in report.groups {
      try printJSON(
        GroupLine(
          group: group.name, passed: group.passed, failed: group.failed, unsupported: group.unsupported,
          worst: group.worst.isFinite ? group.worst : nil))
    }
    try printJSON(
      SummaryLine(
        set: report.set, device: report.device, passed: report.passed, failed: report.failed,
        unsupported: report.unsupported))
  }
}
