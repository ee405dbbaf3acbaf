import FoundationEssentials
import MartletCore

/// A safetensors file whose header has been read and checked, and whose arrays are read one by one when asked for.
public struct SafetensorsFile: Sendable {
  /// What the header says about one array.
  public struct Entry: Sendable, Equatable {
    public var name: String
    /// The format's word for the element type: `F32`, `BF16`.
    public var typeName: String
    public var sizes: [Int]
    /// Where the elements lie behind the header.
    public var byteRange: Range<Int>

    /// Nil where the engine has no such type.
    public var dtype: DType? { DType.allCases.first { Safetensors.name(of: $0) == typeName } }
    /// Nil where the engine has no such shape.
    public var shape: Shape? { try? Shape(checking: sizes, of: name) }
  }

  /// All arrays in the order in which they lie in the file.
  public let entries: [Entry]
  /// Remarks of whoever wrote the file.
  public let metadata: [String: String]

  private enum Source: Sendable {
    case file(OpenFile)
    case bytes([UInt8])
  }
  private let source: Source
  private let dataStart: Int
  private let positions: [String: Int]

  static let metadataKey = "__metadata__"
  /// The reference implementation's limit.
  private static let largestHeader = 100_000_000

  /// Opens a file, and reads no more of it than its header.
  ///
  /// - Throws: `FileError` where it cannot be read, `FormatError` where its header is damaged.
  public init(_ path: FilePath) throws {
    let file = try OpenFile(path)
    self = try FormatError.naming(path) {
      try SafetensorsFile(source: .file(file), byteCount: file.byteCount)
    }
  }

  /// The file that the given bytes are.
  public init(bytes: [UInt8]) throws { try self.init(source: .bytes(bytes), byteCount: bytes.count) }

  public var names: [String] { entries.map(\.name) }

  public subscript(name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// Reads one array.
  ///
  /// - Throws: `FormatError` where there is none of that name, or one that the engine cannot hold; `FileError`.
  public func array(named name: String) throws -> HostArray {
    try FormatError.naming(path) {
      guard let entry = self[name] else { throw FormatError(Self.isMissing(name, among: names)) }
      guard let dtype = entry.dtype else {
        throw FormatError(
          "array \(name) has the element type \(entry.typeName); supported are F32, I32, U8 and BOOL")
      }
      let shape = try Shape(checking: entry.sizes, of: "array \(name)")
      let array = try HostArray(shape: shape, dtype: dtype) { buffer in
        try Self.read(source, at: dataStart + entry.byteRange.lowerBound, into: buffer)
      }
      return try array.checkingTruthValues(of: "array \(name)")
    }
  }

  /// Reads all arrays.
  public func arrays() throws -> [String: HostArray] {
    var arrays: [String: HostArray] = [:]
    for name in names { arrays[name] = try array(named: name) }
    return arrays
  }

  private var path: FilePath? {
    if case .file(let file) = source { return file.path }
    return nil
  }

  private init(source: Source, byteCount: Int) throws {
    guard byteCount >= 8 else {
      throw FormatError("is not a safetensors file: it has \(byteCount) bytes, fewer than the 8 of a length")
    }
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { try Self.read(source, at: 0, into: $0) }
    length = UInt64(littleEndian: length)
    guard length <= UInt64(min(Self.largestHeader, byteCount - 8)) else {
      throw FormatError(
        "is not a safetensors file, or is cut off: it announces a header of \(length) bytes and has "
          + "\(byteCount - 8) after that number; \(FormatError.again)")
    }
    let json = try [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, initialized in
      try Self.read(source, at: 8, into: UnsafeMutableRawBufferPointer(buffer))
      initialized = buffer.count
    }
    let header: SafetensorsHeader
    do { header = try JSONDecoder().decode(SafetensorsHeader.self, from: Data(json)) } catch {
      throw FormatError(
        "has a damaged safetensors header: \(SafetensorsHeader.reason(error)); \(FormatError.again)")
    }
    entries = try Self.checked(header, dataSize: byteCount - 8 - Int(length))
    metadata = header.metadata
    positions = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
    self.source = source
    dataStart = 8 + Int(length)
  }

  /// The entries in the order of their places, which must follow one another from the first byte to the last and have
  /// the size that type and shape demand.
  private static func checked(_ header: SafetensorsHeader, dataSize: Int) throws -> [Entry] {
    var entries: [Entry] = []
    for (name, item) in header.items {
      guard item.offsets.count == 2, item.offsets[0] >= 0, item.offsets[0] <= item.offsets[1] else {
        throw FormatError("array \(name) has the data offsets \(item.offsets); they must be [begin, end]")
      }
      entries.append(
        Entry(
          name: name, typeName: item.dtype, sizes: item.shape, byteRange: item.offsets[0]..<item.offsets[1]))
    }
    entries.sort {
      let (a, b) = ($0.byteRange, $1.byteRange)
      if a.lowerBound != b.lowerBound { return a.lowerBound < b.lowerBound }
      if a.upperBound != b.upperBound { return a.upperBound < b.upperBound }
      return $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    var position = 0
    for entry in entries {
      let range = entry.byteRange
      guard range.upperBound <= dataSize else {
        throw FormatError(
          "is cut off or damaged: array \(entry.name) ends at byte \(range.upperBound) of the data, which has "
            + "\(dataSize); \(FormatError.again)")
      }
      guard range.lowerBound == position else {
        let kind = range.lowerBound < position ? "overlaps the one before it" : "leaves a gap before it"
        throw FormatError(
          "array \(entry.name) \(kind): it begins at byte \(range.lowerBound) of the data, not at \(position)"
        )
      }
      if let size = byteCounts[entry.typeName] {
        let isPossible = entry.sizes.allSatisfy { $0 >= 0 }
        let needed = isPossible ? Shape.product(entry.sizes + [size]) : nil
        guard needed == range.count else {
          throw FormatError(
            "array \(entry.name) of type \(entry.typeName) and shape \(entry.sizes) has \(range.count) bytes; "
              + (needed.map { "it must have \($0)" }
                ?? (isPossible ? "no file is as large as that shape" : "no size is negative")))
        }
      }
      position = range.upperBound
    }
    guard position == dataSize else {
      throw FormatError("has \(dataSize - position) bytes of data after its last array")
    }
    return entries
  }

  /// Bytes of an element of every type that is a whole number of bytes.
  private static let byteCounts = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "I16": 2, "U16": 2, "F16": 2,
    "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8, "C64": 8,
  ]

  private static func read(_ source: Source, at offset: Int, into buffer: UnsafeMutableRawBufferPointer)
    throws
  {
    switch source {
    case .file(let file): try file.read(at: offset, into: buffer)
    case .bytes(let bytes):
      bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + buffer.count])) }
    }
  }

  private static func isMissing(_ name: String, among names: [String]) -> String {
    let some = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
    return "has no array \(name); " + (names.isEmpty ? "it has none at all" : "it has \(some)")
  }
}

/// The JSON header: one key for each array, and one for the metadata.
private struct SafetensorsHeader: Decodable {
  struct Item: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }
  struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var items: [(name: String, item: Item)] = []
  var metadata: [String: String] = [:]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for key in container.allKeys {
      if key.stringValue == SafetensorsFile.metadataKey {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        items.append((key.stringValue, try container.decode(Item.self, forKey: key)))
      }
    }
  }

  /// A decoder's error in one line.
  static func reason(_ error: any Error) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "" : " in " + path.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      return "\(key.stringValue) is missing" + place(context.codingPath)
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      return "a value of another type was expected" + place(context.codingPath)
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
      return "a number that does not fit" + place(context.codingPath)
    default: return "it is not JSON"
    }
  }
}
