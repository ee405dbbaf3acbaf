/// The checksum CRC-32C (Castagnoli's polynomial, RFC 3720), eight bytes at a time by tables.
public enum CRC32C {
  /// Table `t` is what a byte adds that stands `t` bytes before the last one: at 256 · t + byte.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 0 ? 0 : 0x82F6_3B78) }
      tables[byte] = value
    }
    for index in 256..<8 * 256 {
      let value = tables[index - 256]
      tables[index] = value >> 8 ^ tables[Int(value & 255)]
    }
    return tables
  }()

  public static func checksum(_ bytes: [UInt8]) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      bytes.withUnsafeBytes { bytes in
        var checksum = UInt32.max
        var place = 0
        while place + 8 <= bytes.count {
          let eight =
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            ^ UInt64(checksum)
          checksum = 0
          for byte in 0..<8 {
            checksum ^= tables[(7 - byte) * 256 + Int(truncatingIfNeeded: eight >> (8 * UInt64(byte)) & 255)]
          }
          place += 8
        }
        while place < bytes.count {
          checksum = checksum >> 8 ^ tables[Int((checksum ^ UInt32(bytes[place])) & 255)]
          place += 1
        }
        return ~checksum
      }
    }
  }
}
