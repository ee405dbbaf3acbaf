import MartletTestSupport
import Testing

struct NetpbmTests {
  private func decode(_ header: String, _ data: [UInt8] = []) throws -> HostArray {
    try Netpbm.decode(Array(header.utf8) + data)
  }
  private func text(_ header: String, _ data: [UInt8] = []) -> String {
    message { _ = try decode(header, data) }
  }

  @Test func roundTrip() throws {
    let gray = HostArray((0..<6).map { UInt8(40 * $0) }, shape: [2, 3, 1])
    let color = HostArray((0..<18).map { UInt8(14 * $0) }, shape: [3, 2, 3])
    for picture in [gray, color] { #expect(try Netpbm.decode(Netpbm.encode(picture)) == picture) }
    #expect(
      message { _ = try Netpbm.encode(HostArray([0, 0] as [UInt8], shape: [1, 1, 2])) }
        == "a PGM or PPM picture is uint8 of shape (H, W, 1) or (H, W, 3); received 1x1x2 uint8")
  }

  @Test func readsAllFourFormats() throws {
    let gray = HostArray([0, 128, 255, 7] as [UInt8], shape: [2, 2, 1])
    #expect(try decode("P2\n2 2\n255\n0 128\n255 7\n") == gray)
    #expect(try decode("P5\n2 2\n255\n", [0, 128, 255, 7]) == gray)
    let color = HostArray([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 2, 3])
    #expect(try decode("P3 2 1 255 1 2 3 4 5 6") == color)
    #expect(try decode("P6 2 1 255 ", [1, 2, 3, 4, 5, 6]) == color)
  }

  /// Comments anywhere between the words, all kinds of white space, and a comment sign among the values in bytes.
  @Test func readsOddHeaders() throws {
    let picture = HostArray([35, 10] as [UInt8], shape: [1, 2, 1])
    #expect(try decode("P5# by hand\r\n# 9 9\n\t2\n#\n  1#x\n\u{0B}\u{0C}255\n", [35, 10]) == picture)
    #expect(try decode("P2\r2\r1 # wide\r255\r35 # first\n10 # last") == picture)
    #expect(try decode("P5 0002 01 255\r", [35, 10]) == picture)
    #expect(try decode("P5\r\n2 1\r\n255\r\n", [35, 10]) == picture)
    let dark = HostArray([10, 35] as [UInt8], shape: [1, 2, 1])
    #expect(try decode("P5 2 1 255\r", [10, 35]) == dark)
  }

  /// value · 255 / largest, rounded.
  @Test(arguments: [1, 2, 15, 100, 254, 255, 256, 1000, 65535]) func scalesToBytes(largest: Int) throws {
    let values = (0...8).map { $0 * largest / 8 }
    let data = values.flatMap { largest > 255 ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0)] }
    let expected = values.map { UInt8((Double($0) * 255 / Double(largest)).rounded()) }
    #expect(try decode("P5 9 1 \(largest) ", data).bytes == expected)
    let words = values.map(String.init).joined(separator: " ")
    #expect(try decode("P2 9 1 \(largest) \(words)").bytes == expected)
  }

  @Test func damageIsAnError() throws {
    let wide: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    try withstandsDamage(Array("P5\n#c\n3 2\n65535\n".utf8) + wide) { _ = try Netpbm.decode($0) }
    try withstandsDamage(Array("P6\n2 2\n255\n".utf8) + wide) { _ = try Netpbm.decode($0) }
    for words in ["P2\n3 2\n99\n1 2 3 44 55 66\n", "P3 1 2 255 #c\n1 2 3 4 5 255"] {
      try withstandsDamage(Array(words.utf8), isText: true) { _ = try Netpbm.decode($0) }
    }
  }

  @Test func errorsSayWhatIsWrong() {
    #expect(text("P4 1 1 ", [0]) == "is not a PGM or PPM picture: it does not begin with P2, P3, P5 or P6")
    #expect(text("") == "is not a PGM or PPM picture: it does not begin with P2, P3, P5 or P6")
    #expect(text("P52 2 255 ") == "has no space before the width at byte 2")
    #expect(text("P5 0 2 255 ") == "has 0 as the width; it must lie in 1...65535")
    #expect(
      text("P5 2 99999999999999999999 255 ")
        == "has 99999999999999999999 as the height; it must lie in 1...65535")
    #expect(text("P5 2 2 65536 ") == "has 65536 as the largest value; it must lie in 1...65535")
    #expect(text("P5 2 x") == "has the byte 120 at byte 5, where the height was expected")
    #expect(text("P5 2 2") == "ends before the largest value; copy or download it again")
    #expect(text("P5 2 2 255x") == "has no space after its header at byte 10")
    #expect(
      text("P6 60000 60000 255 ", [1, 2])
        == "is cut off: 60000x60000 pixels of 3 values need 10800000000 bytes after the header, and 2 are there; copy or download it again"
    )
    #expect(text("P5 2 1 99 ", [1, 100]) == "has the value 100 as value 1; the header says at most 99")
    #expect(text("P2 2 1 99 1 100 ") == "has 100 as value 1; it must lie in 0...99")
    #expect(text("P5 1 1 255 ", [1, 2, 3]) == "has 2 bytes after its picture; a file holds one picture")
    #expect(
      text("P5\r\n2 1\r\n255\r\n", [35, 13, 10])
        == "has 2 bytes after its picture; it was copied as if it were text; copy it again, byte for byte"
    )
    #expect(text("P2 2 1 9 1x2") == "has no space before value 1 at byte 10")
  }
}
