import ArgumentParser
import Martlet

#if canImport(Glibc)
  import Glibc
#endif

/// The command `martlet`, apart from the program of that name, so that `martlet-bench martlet` is the same.
public struct MartletCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "martlet",
    abstract: "Trains and runs convolutional networks.",
    version: "0.1.0",
    subcommands: [
      TrainCommand.self, EvaluateCommand.self, PredictCommand.self, SegmentCommand.self, SampleCommand.self,
      SummaryCommand.self, DevicesCommand.self, DoctorCommand.self, TuneCommand.self, ConformanceCommand.self,
    ])

  public init() {}

  /// Runs the command on what the program was given, or on other arguments. Errors are one line on standard
  /// error and a non-zero exit; help goes to standard output.
  public static func start(_ arguments: [String]? = nil) {
    // A file that may not grow any more is an error of its write, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      let code = Self.exitCode(for: error)
      if code == .success { Self.exit(withError: error) }
      let message = Self.message(for: error)
      if !message.isEmpty {
        let line = message.split(separator: "\n", maxSplits: 1).first ?? ""
        Terminal.writeError("martlet: \(printable(line))\n")
      }
      Glibc.exit(code.rawValue)
    }
  }

  /// A text whose control characters, which names in files may have, do nothing to a terminal.
  private static func printable(_ text: Substring) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      let isControl = scalar.properties.generalCategory == .control
      result += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
  }
}
