import MartletCore

/// Arrays in NumPy's `.npy` format: a magic string, a version, a header that is a Python dictionary, the elements.
public enum NumPy {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The array in a file.
  ///
  /// float32, int32, uint8 and bool are taken as they are; float64 becomes float32, and other whole numbers become
  /// int32 where they fit. Both byte orders and both memory orders are read.
  ///
  /// - Throws: `FileError` where the file cannot be read, `FormatError` where it is damaged or of another type.
  public static func read(_ path: FilePath) throws -> HostArray {
    let bytes = try File.read(path)
    return try FormatError.naming(path) { try decode(bytes) }
  }

  /// The array in the bytes of a file.
  public static func decode(_ bytes: [UInt8]) throws -> HostArray {
    guard bytes.count >= 10, Array(bytes[..<6]) == magic else {
      throw FormatError(
        "is not a NumPy file: it does not begin with \\x93NUMPY; numpy.save writes such files")
    }
    guard (1...3).contains(bytes[6]) else {
      throw FormatError("has version \(bytes[6]).\(bytes[7]) of the NumPy format; supported are 1, 2 and 3")
    }
    let lengthSize = bytes[6] == 1 ? 2 : 4
    guard bytes.count >= 8 + lengthSize else {
      throw FormatError("ends within the length of the NumPy header; \(FormatError.again)")
    }
    let length = bytes[8..<8 + lengthSize].reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + lengthSize + length
    guard start <= bytes.count else {
      throw FormatError("ends within the NumPy header, which has \(length) bytes; \(FormatError.again)")
    }
    let header = try NumPyHeader(bytes[(8 + lengthSize)..<start])
    let shape = try Shape(checking: header.sizes, of: "the array")
    let type = try NumPyType(header.description)
    guard bytes.count - start == shape.count * type.byteCount else {
      throw FormatError(
        "announces \(shape) \(header.description), \(shape.count * type.byteCount) bytes, and holds "
          + "\(bytes.count - start); \(FormatError.again)")
    }
    let array = try type.array(of: bytes[start...], shape: shape).checkingTruthValues(of: "the array")
    return header.isColumnMajor ? array.rowMajor() : array
  }

  /// The bytes of a file of version 1.0 that holds the array.
  public static func encode(_ array: HostArray) -> [UInt8] {
    let type =
      switch array.dtype {
      case .float32: "<f4"
      case .int32: "<i4"
      case .uint8: "|u1"
      case .bool: "|b1"
      }
    let sizes = array.shape.sizes.map(String.init).joined(separator: ", ")
    let tuple = array.shape.rank == 1 ? "(\(sizes),)" : "(\(sizes))"
    var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    // The elements begin at a multiple of 64 bytes, after a line feed.
    while (10 + header.count + 1) % 64 != 0 { header.append(UInt8(ascii: " ")) }
    header.append(UInt8(ascii: "\n"))
    let length = [UInt8(truncatingIfNeeded: header.count), UInt8(header.count >> 8)]
    return magic + [1, 0] + length + header + array.bytes
  }

  /// Writes the array to a file, all or nothing.
  public static func write(_ array: HostArray, to path: FilePath) throws {
    try File.write(encode(array), to: path)
  }
}

/// How NumPy writes elements: byte order, kind and size, as in `<f4`.
private struct NumPyType {
  let isBigEndian: Bool
  let kind: Character
  let byteCount: Int

  init(_ description: String) throws {
    let characters = Array(description)
    guard characters.count == 3, "<>|=".contains(characters[0]), let size = characters[2].wholeNumberValue,
      ["f4", "f8", "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"].contains(String(characters[1...]))
    else {
      throw FormatError(
        "has the element type \(description); supported are bool, whole numbers, float32 and float64")
    }
    isBigEndian = characters[0] == ">"
    kind = characters[1]
    byteCount = size
  }

  func array(of bytes: ArraySlice<UInt8>, shape: Shape) throws -> HostArray {
    switch (kind, byteCount) {
    case ("b", _): HostArray(shape: shape, dtype: .bool, bytes: Array(bytes))
    case ("u", 1): HostArray(shape: shape, dtype: .uint8, bytes: Array(bytes))
    case ("f", 4):
      converted(bytes, shape, from: UInt32.self) { Float(bitPattern: $0) }
    case ("f", _): converted(bytes, shape, from: UInt64.self) { Float(Double(bitPattern: $0)) }
    case ("i", 1): try whole(bytes, shape, from: Int8.self)
    case ("i", 2): try whole(bytes, shape, from: Int16.self)
    case ("i", 4): try whole(bytes, shape, from: Int32.self)
    case ("i", _): try whole(bytes, shape, from: Int64.self)
    case ("u", 2): try whole(bytes, shape, from: UInt16.self)
    case ("u", 4): try whole(bytes, shape, from: UInt32.self)
    default: try whole(bytes, shape, from: UInt64.self)
    }
  }

  private func whole<Stored: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: ArraySlice<UInt8>, _ shape: Shape, from type: Stored.Type
  ) throws -> HostArray {
    try converted(bytes, shape, from: type) { number in
      guard let result = Int32(exactly: number) else {
        throw FormatError("holds the number \(number), which does not fit int32")
      }
      return result
    }
  }

  private func converted<Stored: FixedWidthInteger & BitwiseCopyable, Result: Element>(
    _ bytes: ArraySlice<UInt8>, _ shape: Shape, from type: Stored.Type, _ convert: (Stored) throws -> Result
  ) rethrows -> HostArray {
    try HostArray(shape: shape, dtype: Result.dtype) { buffer in
      let results = buffer.bindMemory(to: Result.self)
      try bytes.withUnsafeBytes { source in
        for index in 0..<shape.count {
          let stored = source.loadUnaligned(fromByteOffset: index * byteCount, as: Stored.self)
          results[index] = try convert(isBigEndian ? Stored(bigEndian: stored) : Stored(littleEndian: stored))
        }
      }
    }
  }
}

extension HostArray {
  /// The array whose elements these are in column-major order.
  fileprivate func rowMajor() -> HostArray {
    let sizes = shape.sizes
    var steps = [Int](repeating: 1, count: shape.rank)
    for axis in steps.indices.dropFirst() { steps[axis] = steps[axis - 1] * sizes[axis - 1] }
    let size = dtype.byteCount
    return HostArray(shape: shape, dtype: dtype) { target in
      withUnsafeBytes { source in
        var place = [Int](repeating: 0, count: sizes.count)
        for index in 0..<shape.count {
          let from = zip(place, steps).reduce(0) { $0 + $1.0 * $1.1 }
          for byte in 0..<size { target[index * size + byte] = source[from * size + byte] }
          var axis = sizes.count - 1
          while axis >= 0 {
            place[axis] += 1
            if place[axis] < sizes[axis] { break }
            place[axis] = 0
            axis -= 1
          }
        }
      }
    }
  }
}
