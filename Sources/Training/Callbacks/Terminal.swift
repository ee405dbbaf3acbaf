#if canImport(Glibc)
  import Glibc
#endif

/// What standard output is connected to.
package enum Terminal {
  package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  /// Colours only on a terminal, and only where NO_COLOR does not forbid them.
  package static var hasColour: Bool { isTerminal && (environmentVariable("NO_COLOR") ?? "").isEmpty }

  package static var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  /// Draws the line anew, on a terminal: a bar between two texts.
  package static func drawBar(_ head: String, done: Int, of all: Int, _ tail: String) {
    let room = max(8, min(30, width - head.count - tail.count - 5))
    let filled = room * done / max(1, all)
    let bar = String(repeating: "━", count: filled)
    let rest = String(repeating: "─", count: room - filled)
    let coloured = hasColour ? "\u{1B}[32m\(bar)\u{1B}[2;39m\(rest)\u{1B}[0m" : bar + rest
    write("\r\u{1B}[K\(head)  \(coloured)  \(tail)")
  }

  /// Writes to standard output at once, without a line break.
  package static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes to standard error at once, without a line break.
  package static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count < 0 && errno != EINTR { return }
        written += max(0, count)
      }
    }
  }
}

package func environmentVariable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

extension Double {
  /// With a fixed number of decimals.
  package func fixed(_ decimals: Int) -> String {
    guard isFinite else { return "\(self)" }
    let factor = (0..<decimals).reduce(1.0) { result, _ in result * 10 }
    let scaled = Int((magnitude * factor).rounded())
    let whole = scaled / Int(factor)
    let fraction = String(scaled % Int(factor))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
