import MartletCore

/// Arrays in the IDX format of the MNIST files: two zero bytes, a type, the number of axes, the sizes as 32-bit
/// numbers, the elements; all big-endian (LeCun, Cortes, Burges, *The MNIST database of handwritten digits*).
public enum IDX {
  /// The array in a file, which may be compressed with gzip.
  ///
  /// - Throws: `FileError` where the file cannot be read, `FormatError` where it is not IDX, or holds a type other
  ///   than uint8, int32 and float32.
  public static func read(_ path: FilePath) throws -> HostArray {
    let bytes = try File.read(path)
    return try FormatError.naming(path) { try decode(bytes) }
  }

  /// The array in the bytes of a file, which may be compressed with gzip.
  public static func decode(_ bytes: [UInt8]) throws -> HostArray {
    guard Gzip.isCompressed(bytes) else {
      var position = 0
      return try decode(limit: bytes.count) { buffer in
        let count = min(buffer.count, bytes.count - position)
        bytes.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[position..<position + count])) }
        position += count
        return count
      } finish: { expected in
        guard position == bytes.count else {
          throw FormatError(
            "has \(bytes.count - position) bytes more than the \(expected) that its header announces; "
              + FormatError.again)
        }
      }
    }
    let stream = try GzipStream(bytes)
    return try decode(
      limit: min(stream.largestExpansion, Gzip.usualLimit), read: stream.read, finish: stream.finish)
  }

  /// The bytes of a file that holds the array, uncompressed.
  ///
  /// - Throws: `FormatError` for truth values, which IDX does not know.
  public static func encode(_ array: HostArray) throws -> [UInt8] {
    guard let type = types.first(where: { $0.dtype == array.dtype }) else {
      throw FormatError("IDX has no element type for \(array.dtype); use uint8, int32 or float32")
    }
    var bytes: [UInt8] = [0, 0, type.code, UInt8(array.shape.rank)]
    for size in array.shape.sizes {
      withUnsafeBytes(of: UInt32(size).bigEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes + array.exchangingByteOrder().bytes
  }

  private static let types: [(code: UInt8, dtype: DType)] = [
    (0x08, .uint8), (0x0C, .int32), (0x0D, .float32),
  ]

  /// Reads a header, makes room for what it announces where that can be true, and reads the rest into it.
  private static func decode(
    limit: Int, read: (UnsafeMutableRawBufferPointer) throws -> Int, finish: (Int) throws -> Void
  ) throws -> HostArray {
    func header(_ count: Int, _ what: String) throws -> [UInt8] {
      let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = try read(UnsafeMutableRawBufferPointer(buffer))
      }
      guard bytes.count == count else {
        throw FormatError("ends within \(what) of an IDX file; \(FormatError.again)")
      }
      return bytes
    }
    let magic = try header(4, "the first four bytes")
    guard magic[0] == 0, magic[1] == 0 else {
      throw FormatError(
        "is not an IDX file: it begins with the bytes \(magic[0]), \(magic[1]), where both must be 0")
    }
    guard let type = types.first(where: { $0.code == magic[2] }) else {
      throw FormatError(
        "has the IDX element type \(magic[2]); supported are 8 (uint8), 12 (int32) and 13 (float32)")
    }
    let rank = Int(magic[3])
    let sizes = try header(4 * rank, "the sizes")
    let shape = try Shape(
      checking: (0..<rank).map { axis in sizes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } },
      of: "the array")
    let expected = shape.count * type.dtype.byteCount
    guard expected <= limit else {
      throw FormatError(
        "announces \(shape) \(type.dtype), \(expected) bytes, and cannot hold them; \(FormatError.again)")
    }
    let array = try HostArray(shape: shape, dtype: type.dtype) { buffer in
      let count = try read(buffer)
      guard count == expected else {
        throw FormatError(
          "announces \(shape) \(type.dtype), \(expected) bytes, and holds \(count); \(FormatError.again)")
      }
    }
    try finish(expected)
    return array.exchangingByteOrder()
  }
}

extension HostArray {
  /// The same elements with the bytes of each in the opposite order; one-byte elements stay as they are.
  func exchangingByteOrder() -> HostArray {
    guard dtype.byteCount == 4 else { return self }
    var result = self
    result.withUnsafeMutableBytes { bytes in
      for word in bytes.bindMemory(to: UInt32.self).indices {
        bytes.storeBytes(
          of: bytes.load(fromByteOffset: 4 * word, as: UInt32.self).byteSwapped, toByteOffset: 4 * word,
          as: UInt32.self)
      }
    }
    return result
  }
}
