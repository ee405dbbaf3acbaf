import ArgumentParser
import Martlet

struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "List the devices of this machine, the best first.")

  @Flag(help: "Print one JSON object a line.")
  var json = false

  private struct Line: Encodable {
    let name: String
    let summary: String
    let quarantined: [String]
  }

  func run() throws {
    for device in try Devices.all() {
      let quarantined = device.quarantined.sorted()
      if json {
        try printJSON(Line(name: device.name, summary: device.summary, quarantined: quarantined))
      } else {
        let others = quarantined.isEmpty ? "" : "; the CPU runs \(quarantined.joined(separator: ", "))"
        Terminal.write("\(device.name)  \(device.summary)\(others)\n")
      }
    }
    if let reason = Devices.absenceOfOpenCL { Terminal.writeError("There is no OpenCL: \(reason)\n") }
  }
}
