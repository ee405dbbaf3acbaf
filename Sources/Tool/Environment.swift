#if canImport(Glibc)
  import Glibc
#endif

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// What standard output is connected to.
enum Terminal {
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  /// Colours only on a terminal, and only where NO_COLOR does not forbid them.
  static var hasColour: Bool { isTerminal && (environment("NO_COLOR") ?? "").isEmpty }

  static var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  /// Writes at once, without a line break.
  static func write(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }
}
