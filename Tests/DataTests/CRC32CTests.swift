import MartletData
import Testing

struct CRC32CTests {
  /// RFC 3720, B.4, and the check value of the catalogues of checksums.
  @Test func publishedVectors() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
    #expect(CRC32C.checksum(Array((0..<32).reversed())) == 0x113F_DB5C)
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([]) == 0)
  }

  /// Lengths around the eight bytes that are taken at a time, bit by bit.
  @Test func everyLength() {
    for length in 0..<40 {
      let bytes = (0..<length).map { UInt8($0 * 37 & 255) }
      var checksum = UInt32.max
      for byte in bytes {
        checksum ^= UInt32(byte)
        for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 0 ? 0 : 0x82F6_3B78) }
      }
      #expect(CRC32C.checksum(bytes) == ~checksum)
    }
  }
}
