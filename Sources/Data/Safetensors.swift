import MartletCore

/// Named arrays in the safetensors format: the length of a header as 64 bits, the header in JSON (name → type, shape,
/// place), and the elements of all arrays, one after another, little-endian.
///
/// ```swift
/// try Safetensors.write(["dense.bias": HostArray([0, 1] as [Float])], to: "model.safetensors")
/// let file = try SafetensorsFile("model.safetensors")
/// file["dense.bias"]?.shape                        // 2
/// try file.array(named: "dense.bias").values()     // [0.0, 1.0]
/// ```
public enum Safetensors {
  /// All arrays of a file. `SafetensorsFile` reads single ones.
  ///
  /// - Throws: `FileError`, `FormatError`.
  public static func read(_ path: FilePath) throws -> [String: HostArray] {
    try SafetensorsFile(path).arrays()
  }

  /// Writes arrays and remarks to a file, all or nothing. The same arrays give the same bytes.
  ///
  /// - Throws: `FileError`, and `FormatError` for a name that the format reserves.
  public static func write(
    _ arrays: [String: HostArray], metadata: [String: String] = [:], to path: FilePath
  ) throws {
    try write(arrays.map { StoredArray(name: $0.key, array: $0.value) }, metadata: metadata, to: path)
  }

  /// Writes arrays that lie somewhere else, piece by piece, so that they need no second place in memory.
  package static func write(
    _ arrays: [StoredArray], metadata: [String: String] = [:], to path: FilePath
  ) throws {
    let order = arranged(arrays)
    let header = try FormatError.naming(path) { try self.header(of: order, metadata: metadata) }
    try File.write(to: path) { writer in
      try header.withUnsafeBytes { try writer.write($0) }
      for array in order { try array.forEachPiece { try writer.write($0) } }
    }
  }

  /// The bytes of a file that holds the arrays.
  public static func encode(_ arrays: [String: HostArray], metadata: [String: String] = [:]) throws -> [UInt8]
  {
    let order = arranged(arrays.map { StoredArray(name: $0.key, array: $0.value) })
    return try order.reduce(into: header(of: order, metadata: metadata)) { $0 += arrays[$1.name]!.bytes }
  }

  static func name(of dtype: DType) -> String {
    switch dtype {
    case .float32: "F32"
    case .int32: "I32"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// Wide elements before narrow ones, so that each array is aligned in a mapped file, and then by name: the order of
  /// the format's reference implementation.
  private static func arranged(_ arrays: [StoredArray]) -> [StoredArray] {
    arrays.sorted {
      let (a, b) = ($0.dtype.rawValue, $1.dtype.rawValue)
      return a == b ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : a < b
    }
  }

  private static func header(of arrays: [StoredArray], metadata: [String: String]) throws -> [UInt8] {
    var entries: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let text = pairs.map { "\(quoted($0.key)):\(quoted($0.value))" }.joined(separator: ",")
      entries.append("\"\(SafetensorsFile.metadataKey)\":{\(text)}")
    }
    var position = 0
    for array in arrays {
      let name = array.name
      guard name != SafetensorsFile.metadataKey else {
        throw FormatError("no array can have the name \(name), which safetensors reserves for its metadata")
      }
      let end = position + array.byteCount
      let sizes = array.shape.sizes.map(String.init).joined(separator: ",")
      entries.append(
        "\(quoted(name)):{\"dtype\":\"\(self.name(of: array.dtype))\",\"shape\":[\(sizes)],"
          + "\"data_offsets\":[\(position),\(end)]}")
      position = end
    }
    var json = Array("{\(entries.joined(separator: ","))}".utf8)
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
  }

  /// A string in JSON's quotes.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
