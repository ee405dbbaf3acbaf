/// The entries of a zip file (PKWARE's *.ZIP File Format Specification*), stored or deflated; as much of the format
/// as `.npz` files need.
struct ZipArchive: Sendable {
  struct Entry: Sendable {
    var name: String
    fileprivate var isDeflated: Bool
    fileprivate var checksum: UInt32
    fileprivate var compressedSize: Int
    fileprivate var size: Int
    /// Where its own header begins, before its bytes.
    fileprivate var start: Int
  }

  /// In the order of the directory at the file's end.
  let entries: [Entry]
  private let bytes: [UInt8]
  /// Where the directory begins: entries end before it.
  private let directory: Int

  private static let entrySignature = 0x0403_4B50
  private static let directorySignature = 0x0201_4B50
  private static let endSignature = 0x0605_4B50

  /// Reads the directory of a zip file.
  ///
  /// - Throws: `FormatError` where it is damaged, or uses what is not supported: encryption, several files, zip64.
  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    let end = try Self.findEnd(bytes)
    let reader = LittleEndian(bytes)
    let count = reader.number(end + 10, 2)
    let size = reader.number(end + 12, 4)
    directory = reader.number(end + 16, 4)
    guard count < 0xFFFF, size < 0xFFFF_FFFF, directory < 0xFFFF_FFFF else {
      throw FormatError("is a zip64 file; archives of 4 GiB or 65535 arrays and more are not supported")
    }
    guard reader.number(end + 4, 2) == 0, reader.number(end + 6, 2) == 0, reader.number(end + 8, 2) == count
    else { throw FormatError("is one of several files of a zip archive") }
    guard directory + size == end else {
      throw FormatError(
        "has a damaged zip directory: it begins at byte \(directory) with \(size) bytes, and should end at \(end)"
      )
    }
    var entries: [Entry] = []
    var names: Set<String> = []
    var position = directory
    for index in 0..<count {
      let (entry, next) = try Self.entry(index, at: position, in: reader, end: end)
      guard names.insert(entry.name).inserted else {
        throw FormatError("has two entries called \(entry.name)")
      }
      entries.append(entry)
      position = next
    }
    guard position == end else {
      throw FormatError("has \(end - position) bytes in its zip directory after the last entry")
    }
    // Entries that shared their bytes could expand to any size.
    guard entries.reduce(0, { $0 + $1.compressedSize }) <= directory else {
      throw FormatError("has a damaged zip directory: its entries are larger than the file")
    }
    self.entries = entries
  }

  /// The bytes of an entry, expanded and checked.
  func contents(of entry: Entry) throws -> [UInt8] {
    let reader = LittleEndian(bytes)
    let start = entry.start
    guard start + 30 <= directory, reader.number(start, 4) == Self.entrySignature else {
      throw FormatError("has no entry at byte \(start), where \(entry.name) should be")
    }
    let data = start + 30 + reader.number(start + 26, 2) + reader.number(start + 28, 2)
    guard data + entry.compressedSize <= directory else {
      throw FormatError(
        "is damaged: \(entry.name) ends at byte \(data + entry.compressedSize), and the directory begins at "
          + "\(directory)")
    }
    let stored = bytes[data..<data + entry.compressedSize]
    let contents = entry.isDeflated ? try Deflate.expand(stored, to: entry.size) : Array(stored)
    let checksum = Deflate.checksum(contents[...])
    guard checksum == entry.checksum else {
      throw FormatError(
        "\(entry.name) is damaged: its checksum is \(String(checksum, radix: 16)), and should be "
          + "\(String(entry.checksum, radix: 16)); \(FormatError.again)")
    }
    return contents
  }

  /// Where the record at the file's end begins; a comment of up to 65535 bytes may follow it.
  private static func findEnd(_ bytes: [UInt8]) throws -> Int {
    let reader = LittleEndian(bytes)
    guard bytes.count >= 22, bytes[0] == UInt8(ascii: "P"), bytes[1] == UInt8(ascii: "K") else {
      throw FormatError("is not a zip archive: it does not begin with PK; numpy.savez writes such files")
    }
    let last = bytes.count - 22
    let found = stride(from: last, through: max(0, last - 0xFFFF), by: -1).first { place in
      reader.number(place, 4) == endSignature && place + 22 + reader.number(place + 20, 2) == bytes.count
    }
    guard let found else {
      throw FormatError(
        "is cut off: the directory at the end of the zip archive is missing; \(FormatError.again)")
    }
    return found
  }

  private static func entry(
    _ index: Int, at position: Int, in reader: LittleEndian, end: Int
  ) throws -> (Entry, next: Int) {
    guard position + 46 <= end, reader.number(position, 4) == directorySignature else {
      throw FormatError("has a damaged zip directory: entry \(index) is not at byte \(position)")
    }
    let nameEnd = position + 46 + reader.number(position + 28, 2)
    let next = nameEnd + reader.number(position + 30, 2) + reader.number(position + 32, 2)
    guard next <= end else {
      throw FormatError("has a damaged zip directory: entry \(index) does not end within it")
    }
    let name = String(decoding: reader.bytes[position + 46..<nameEnd], as: UTF8.self)
    guard reader.number(position + 8, 2) & 1 == 0 else { throw FormatError("\(name) is encrypted") }
    let method = reader.number(position + 10, 2)
    guard method == 0 || method == 8 else {
      throw FormatError(
        "\(name) is compressed by method \(method); supported are 0 (stored) and 8 (deflated)")
    }
    let entry = Entry(
      name: name, isDeflated: method == 8, checksum: UInt32(reader.number(position + 16, 4)),
      compressedSize: reader.number(position + 20, 4), size: reader.number(position + 24, 4),
      start: reader.number(position + 42, 4))
    guard entry.compressedSize < 0xFFFF_FFFF, entry.size < 0xFFFF_FFFF, entry.start < 0xFFFF_FFFF else {
      throw FormatError("\(name) has zip64 sizes; entries of 4 GiB and more are not supported")
    }
    guard entry.size <= Gzip.usualLimit else {
      throw FormatError("\(name) has \(entry.size) bytes; at most \(Gzip.usualLimit) are read")
    }
    guard entry.isDeflated || entry.size == entry.compressedSize else {
      throw FormatError(
        "\(name) is stored in \(entry.compressedSize) bytes, and announces \(entry.size); they must be as many"
      )
    }
    return (entry, next)
  }

  /// The bytes of an archive with these entries. The same entries give the same bytes: no time is written.
  static func encode(_ entries: [(name: String, bytes: [UInt8])], isCompressed: Bool) throws -> [UInt8] {
    var body: [UInt8] = []
    var directory: [UInt8] = []
    for (name, bytes) in entries {
      let data = isCompressed ? Deflate.compress(bytes) : bytes
      guard body.count + data.count < 0xFFFF_FFFF, bytes.count <= Gzip.usualLimit, name.utf8.count <= 0xFFFF
      else { throw FormatError("\(name) makes the archive too large; zip64 is not supported") }
      var common: [UInt8] = []
      // Version 2.0, names in UTF-8, the method, 1 January 1980.
      common.append(numbers: [(20, 2), (0x800, 2), (isCompressed ? 8 : 0, 2), (0, 2), (0x21, 2)])
      common.append(numbers: [(Int(Deflate.checksum(bytes[...])), 4), (data.count, 4), (bytes.count, 4)])
      common.append(numbers: [(name.utf8.count, 2), (0, 2)])
      directory.append(numbers: [(directorySignature, 4), (20, 2)])
      directory += common
      directory.append(numbers: [(0, 2), (0, 2), (0, 2), (0, 4), (body.count, 4)])
      directory += Array(name.utf8)
      body.append(numbers: [(entrySignature, 4)])
      body += common + Array(name.utf8) + data
    }
    guard body.count < 0xFFFF_FFFF, entries.count < 0xFFFF else {
      throw FormatError(
        "the archive has \(entries.count) entries and \(body.count) bytes, more than zip can hold")
    }
    let start = body.count
    body += directory
    body.append(numbers: [(endSignature, 4), (0, 2), (0, 2), (entries.count, 2), (entries.count, 2)])
    body.append(numbers: [(directory.count, 4), (start, 4), (0, 2)])
    return body
  }
}

/// Numbers of two and four bytes, the low one first. The caller has seen that the bytes are there.
private struct LittleEndian {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func number(_ position: Int, _ size: Int) -> Int {
    (0..<size).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
  }
}

extension [UInt8] {
  fileprivate mutating func append(numbers: [(value: Int, size: Int)]) {
    for (value, size) in numbers {
      for byte in 0..<size { append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
  }
}
