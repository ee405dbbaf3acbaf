import CMessageDigest

/// SHA-256 (FIPS 180-4) of bytes that arrive piece by piece.
///
/// ```swift
/// SHA256.hex(of: [UInt8]("abc".utf8))   // ba7816bf 8f01cfea 414140de ... without the spaces
/// ```
public struct SHA256 {
  private var context = SHA2_CTX()

  public init() { SHA256Init(&context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let address = bytes.baseAddress else { return }
    SHA256Update(&context, address.assumingMemoryBound(to: UInt8.self), bytes.count)
  }

  /// The digest of everything so far, as 64 hexadecimal digits.
  public func hex() -> String {
    var context = context
    var digest = [UInt8](repeating: 0, count: 32)
    SHA256Final(&digest, &context)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  public static func hex(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.hex()
  }

  /// The digest of a file, which is read in pieces of a megabyte.
  ///
  /// - Throws: `FileError` where the file cannot be read.
  public static func hex(ofFile path: FilePath) throws -> String {
    let file = try OpenFile(path)
    var hash = SHA256()
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { piece.deallocate() }
    var position = 0
    while position < file.byteCount {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: piece[..<min(piece.count, file.byteCount - position)])
      try file.read(at: position, into: part)
      hash.update(UnsafeRawBufferPointer(part))
      position += part.count
    }
    return hash.hex()
  }
}
