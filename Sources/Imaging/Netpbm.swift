import MartletCore
import MartletData

/// Pictures in the PGM and PPM formats of Netpbm: a magic word (P2 and P3 in digits, P5 and P6 in bytes), width,
/// height and the largest value as text with comments, then the values row by row, of two bytes each, the high one
/// first, where the largest is above 255.
public enum Netpbm {
  /// Whether bytes begin as a PGM or PPM file does.
  public static func isNetpbm(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == UInt8(ascii: "P") && formats[bytes[1]] != nil
  }

  /// The picture in the bytes of a file. Values are scaled so that the largest one becomes 255.
  ///
  /// - Parameter limit: the most pixels that it may have.
  /// - Throws: `FormatError` where it is damaged, has more pixels or is of another format.
  public static func decode(_ bytes: [UInt8], limit: Int = Picture.mostPixels) throws -> HostArray {
    guard isNetpbm(bytes), let format = formats[bytes[1]] else {
      throw FormatError("is not a PGM or PPM picture: it does not begin with P2, P3, P5 or P6")
    }
    var reader = NetpbmReader(bytes, position: 2)
    let width = try reader.number("the width", in: 1...Int(UInt16.max))
    let height = try reader.number("the height", in: 1...Int(UInt16.max))
    let largest = try reader.number("the largest value", in: 1...Int(UInt16.max))
    let shape: Shape = [height, width, format.channels]
    let size = format.isText ? 2 : largest > 255 ? 2 : 1
    // A number in digits takes two bytes with the space before it.
    let needed = shape.count * size
    try reader.beginValues(isText: format.isText, needed: needed)
    guard reader.remaining >= needed else {
      throw FormatError(
        "is cut off: \(width)x\(height) pixels of \(format.channels) values need \(needed) bytes after the header, "
          + "and \(reader.remaining) are there; \(FormatError.again)")
    }
    try Picture.check(height: height, width: width, byteCount: bytes.count, perByte: 1, limit: limit)
    let picture = try HostArray(shape: shape, dtype: .uint8) { pixels in
      for index in pixels.indices {
        let value =
          format.isText ? try reader.number("value \(index)", in: 0...largest) : reader.value(of: size)
        guard value <= largest else {
          throw FormatError("has the value \(value) as value \(index); the header says at most \(largest)")
        }
        pixels[index] = largest == 255 ? UInt8(value) : UInt8((value * 255 + largest / 2) / largest)
      }
    }
    if format.isText { reader.skipSpace() }
    guard reader.remaining == 0 else {
      throw FormatError(
        "has \(reader.remaining) bytes after its picture; "
          + (reader.hasDoubleLineEnd
            ? "it was copied as if it were text; copy it again, byte for byte"
            : "a file holds one picture"))
    }
    return picture
  }

  /// The bytes of a file that holds a uint8 picture of shape (H, W, 1) as P5, or (H, W, 3) as P6.
  ///
  /// - Throws: `FormatError` for arrays that are no such pictures.
  public static func encode(_ picture: HostArray) throws -> [UInt8] {
    let shape = picture.shape
    guard picture.dtype == .uint8, shape.rank == 3, shape[2] == 1 || shape[2] == 3 else {
      throw FormatError(
        "a PGM or PPM picture is uint8 of shape (H, W, 1) or (H, W, 3); received \(shape) \(picture.dtype)")
    }
    return Array("P\(shape[2] == 1 ? 5 : 6)\n\(shape[1]) \(shape[0])\n255\n".utf8) + picture.bytes
  }

  private static let formats: [UInt8: (channels: Int, isText: Bool)] = [
    UInt8(ascii: "2"): (1, true), UInt8(ascii: "3"): (3, true), UInt8(ascii: "5"): (1, false),
    UInt8(ascii: "6"): (3, false),
  ]
}

/// Takes numbers out of a Netpbm file.
private struct NetpbmReader {
  private let bytes: [UInt8]
  private var position: Int
  /// Whether the header ends in CR and LF, of which the format counts the first only.
  private(set) var hasDoubleLineEnd = false

  init(_ bytes: [UInt8], position: Int) {
    self.bytes = bytes
    self.position = position
  }

  var remaining: Int { bytes.count - position }

  /// White space, and comments from # to the end of the line.
  mutating func skipSpace() {
    var isComment = false
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "#") { isComment = true }
      guard isComment || Self.isSpace(byte) else { return }
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { isComment = false }
      position += 1
    }
  }

  /// A number in decimal digits, with what separates it from what stands before it.
  mutating func number(_ what: String, in range: ClosedRange<Int>) throws -> Int {
    let start = position
    skipSpace()
    guard position > start || position == bytes.count else {
      throw FormatError("has no space before \(what) at byte \(position)")
    }
    var value = 0
    let first = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
      // Far beyond any range it makes no difference how large a number is.
      value = min(value * 10 + Int(bytes[position] - UInt8(ascii: "0")), 1 << 30)
      position += 1
    }
    guard position > first else {
      throw FormatError(
        position == bytes.count
          ? "ends before \(what); \(FormatError.again)"
          : "has the byte \(bytes[position]) at byte \(position), where \(what) was expected")
    }
    guard range.contains(value) else {
      throw FormatError(
        "has \(String(decoding: bytes[first..<position], as: UTF8.self)) as \(what); it must lie in "
          + "\(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// Goes over the one space between the header and values in bytes, or over a double line end where the file has
  /// just one byte more than it needs: the programs of some systems write that.
  mutating func beginValues(isText: Bool, needed: Int) throws {
    guard !isText else { return }
    guard position < bytes.count, Self.isSpace(bytes[position]) else {
      throw FormatError("has no space after its header at byte \(position)")
    }
    hasDoubleLineEnd = bytes[position...].starts(with: Array("\r\n".utf8))
    position += hasDoubleLineEnd && remaining == needed + 2 ? 2 : 1
  }

  /// A number of one or two bytes. The caller has seen that they are there.
  mutating func value(of size: Int) -> Int {
    defer { position += size }
    return size == 1 ? Int(bytes[position]) : Int(bytes[position]) << 8 | Int(bytes[position + 1])
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
