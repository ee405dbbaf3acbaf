/// JSON of the simplest kind, an array of objects whose values are strings: the engine has no Foundation.
enum FlatJSON {
  /// An object a line, its keys in alphabetical order.
  static func text(_ rows: [[String: String]]) -> String {
    let lines = rows.map { row in
      "  {"
        + row.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }
        .joined(separator: ", ") + "}"
    }
    return "[\n" + lines.joined(separator: ",\n") + "\n]\n"
  }

  private static func quoted(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "\"") { result, scalar in
      if scalar == "\"" || scalar == "\\" { result += "\\" }
      if scalar.value < 32 {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    } + "\""
  }

  /// Nil for anything else than such an array.
  static func rows(_ bytes: [UInt8]) -> [[String: String]]? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var reader = Reader(rest: text.unicodeScalars[...])
    var rows: [[String: String]] = []
    let isArray = reader.list("[", "]") { reader in
      var row: [String: String] = [:]
      let isObject = reader.list("{", "}") { reader in
        guard let key = reader.string(), reader.take(":"), let value = reader.string() else { return false }
        row[key] = value
        return true
      }
      rows.append(row)
      return isObject
    }
    return isArray && reader.isAtEnd ? rows : nil
  }

  private struct Reader {
    var rest: Substring.UnicodeScalarView

    private mutating func skipSpace() {
      rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\r" || $0 == "\t" }
    }

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return rest.isEmpty
      }
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      skipSpace()
      guard rest.first == scalar else { return false }
      rest.removeFirst()
      return true
    }

    /// Items with commas between two brackets; whether it is such a list.
    mutating func list(
      _ first: Unicode.Scalar, _ last: Unicode.Scalar, item: (inout Reader) -> Bool
    ) -> Bool {
      guard take(first) else { return false }
      if take(last) { return true }
      repeat { guard item(&self) else { return false } } while take(",")
      return take(last)
    }

    mutating func string() -> String? {
      guard take("\"") else { return nil }
      var result = ""
      while let scalar = rest.popFirst(), scalar.value >= 32 {
        if scalar == "\"" { return result }
        guard let taken = scalar == "\\" ? escaped() : scalar else { return nil }
        result.unicodeScalars.append(taken)
      }
      return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
      switch rest.popFirst() {
      case let scalar? where "\"\\/".unicodeScalars.contains(scalar): return scalar
      case "n": return "\n"
      case "t": return "\t"
      case "r": return "\r"
      case "u":
        defer { rest = rest.dropFirst(4) }
        return UInt32(String(rest.prefix(4)), radix: 16).flatMap { Unicode.Scalar($0) }
      default: return nil
      }
    }
  }
}
