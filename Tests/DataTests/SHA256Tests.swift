import MartletData
import Testing

/// The examples of FIPS 180-4 and of NIST's example values.
struct SHA256Tests {
  @Test func standardExamples() {
    #expect(
      SHA256.hex(of: []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hex(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hex(of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      SHA256.hex(of: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func piecesAndFilesGiveTheSame() throws {
    let bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var hash = SHA256()
    for start in stride(from: 0, to: bytes.count, by: 999_983) {
      bytes[start..<min(start + 999_983, bytes.count)].withUnsafeBytes { hash.update($0) }
    }
    #expect(hash.hex() == SHA256.hex(of: bytes))
    try withFolder { folder in
      try File.write(bytes, to: folder.appending("file"))
      #expect(try SHA256.hex(ofFile: folder.appending("file")) == hash.hex())
    }
  }
}
