/// A number of bytes as it is written on a command line: `64000000`, `512M`, `2G`; K, M and G are powers of 1024.
public enum ByteCount {
  /// - Throws: `ByteCountError` for anything else, and for 0.
  public static func parse(_ text: String) throws -> Int {
    let units: [Character: Int] = ["K": 10, "M": 20, "G": 30]
    let shift = text.last.flatMap { units[Character($0.uppercased())] }
    guard let number = Int(shift == nil ? text[...] : text.dropLast()), number > 0,
      number <= 1 << (60 - (shift ?? 0))
    else { throw ByteCountError(text: text) }
    return number << (shift ?? 0)
  }
}

public struct ByteCountError: Error, Equatable, CustomStringConvertible {
  public let text: String
  public var description: String {
    "a number of bytes is written as in 64000000, 512M or 2G; received \(text)"
  }
}
