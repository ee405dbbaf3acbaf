/// The fields of text in rows and columns, with commas between them and quotes around those that contain commas,
/// quotes or line ends (Shafranovich 2005, RFC 4180).
struct CSVReader {
  /// One field, as the file has it but without its quotes.
  struct Field {
    var bytes: ArraySlice<UInt8>
    /// Counted from 1, as editors do.
    var line: Int
    /// Which field of its row, counted from 1.
    var column: Int

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var place: String { "line \(line), column \(column)" }

    /// The field as a number, white space around it left aside; nil where it is none.
    var number: Float? {
      var digits = 0
      if !bytes.isEmpty, bytes.count <= 7 {
        for byte in bytes {
          guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return otherNumber }
          digits = digits * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return Float(digits)
      }
      return otherNumber
    }

    private var otherNumber: Float? {
      func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
      guard bytes.count <= 64 else { return nil }
      let kept = bytes.drop(while: isSpace)
      guard let last = kept.lastIndex(where: { !isSpace($0) }) else { return nil }
      return Float(String(decoding: kept[...last], as: UTF8.self))
    }
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // The mark that some programs put before text in UTF-8.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The fields of the next row; nil at the end. Empty lines are left out.
  ///
  /// - Throws: `FormatError` for a quote where none may stand, or that does not end.
  mutating func row() throws -> [Field]? {
    while position < bytes.count, lineEnd(at: position) > 0 { takeLineEnd() }
    guard position < bytes.count else { return nil }
    var fields: [Field] = []
    while true {
      fields.append(try field(fields.count + 1))
      guard position < bytes.count, bytes[position] == UInt8(ascii: ",") else { break }
      position += 1
    }
    takeLineEnd()
    return fields
  }

  private mutating func field(_ column: Int) throws -> Field {
    guard position < bytes.count, bytes[position] == Self.quote else {
      let start = position
      while position < bytes.count, bytes[position] != UInt8(ascii: ","), lineEnd(at: position) == 0 {
        guard bytes[position] != Self.quote else {
          throw FormatError(
            "line \(line), column \(column): a quote stands within a field; put the whole field in quotes, and double "
              + "those in it")
        }
        position += 1
      }
      return Field(bytes: bytes[start..<position], line: line, column: column)
    }
    let first = line
    var contents: [UInt8] = []
    position += 1
    while true {
      guard position < bytes.count else {
        throw FormatError(
          "line \(first), column \(column): a quote begins here and does not end; close it, or leave it out")
      }
      if bytes[position] == Self.quote {
        position += 1
        guard position < bytes.count, bytes[position] == Self.quote else { break }
      }
      if lineEnd(at: position) == 1 { line += 1 }
      contents.append(bytes[position])
      position += 1
    }
    guard position == bytes.count || bytes[position] == UInt8(ascii: ",") || lineEnd(at: position) > 0 else {
      throw FormatError(
        "line \(line), column \(column): after the closing quote comes neither a comma nor the end of the line"
      )
    }
    return Field(bytes: contents[...], line: first, column: column)
  }

  private static let quote = UInt8(ascii: "\"")

  /// How many bytes a line end at this place has: one for LF or CR, two for both, none elsewhere.
  private func lineEnd(at place: Int) -> Int {
    if bytes[place] == UInt8(ascii: "\n") { return 1 }
    guard bytes[place] == UInt8(ascii: "\r") else { return 0 }
    return place + 1 < bytes.count && bytes[place + 1] == UInt8(ascii: "\n") ? 2 : 1
  }

  private mutating func takeLineEnd() {
    guard position < bytes.count else { return }
    position += lineEnd(at: position)
    line += 1
  }
}
