import MartletTestSupport
import Testing

struct PNGTests {
  /// Bytes without a pattern.
  private func picture(_ shape: Shape) -> HostArray {
    var generator = PhiloxGenerator(seed: 3)
    return HostArray((0..<shape.count).map { _ in UInt8(truncatingIfNeeded: generator.word()) }, shape: shape)
  }
  private func text(_ bytes: [UInt8]) -> String { message { _ = try PNG.decode(bytes) } }
  private func bigEndian(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }

  /// A chunk with its checksum (PNG specification, annex D), bit by bit.
  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    var checksum = UInt32.max
    for byte in body {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return bigEndian(data.count) + body + bigEndian(Int(~checksum))
  }
  /// Rows, each after the byte of its filter, in one block of deflate that is not compressed.
  private func file(
    width: Int, height: Int, depth: UInt8, color: UInt8, before: [UInt8] = [], rows: [UInt8]
  ) -> [UInt8] {
    var (a, b) = (1, 0)
    for byte in rows { (a, b) = ((a + Int(byte)) % 65521, (b + a + Int(byte)) % 65521) }
    let count = [UInt8(rows.count & 255), UInt8(rows.count >> 8)]
    let block: [UInt8] = [0x78, 0x01, 0x01] + count + count.map { ~$0 } + rows + bigEndian(b << 16 | a)
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", bigEndian(width) + bigEndian(height) + [depth, color, 0, 0, 0]) + before
      + chunk("IDAT", block) + chunk("IEND", [])
  }

  @Test(arguments: [[1, 1, 1], [5, 7, 1], [5, 7, 3], [1, 300, 3], [300, 1, 1]]) func roundTrip(
    sizes: [Int]
  ) throws {
    let picture = picture(Shape(sizes))
    let bytes = try PNG.encode(picture)
    #expect(PNG.isPNG(bytes))
    #expect(try PNG.decode(bytes) == picture)
  }

  @Test func floatsAreRoundedAndClamped() throws {
    let values: [Float] = [0, 1, 0.5, -3, 7, .nan, .infinity, -.infinity, 0.2]
    let bytes = try PNG.encode(HostArray(values, shape: [3, 3, 1]))
    #expect(try PNG.decode(bytes).bytes == [0, 255, 128, 0, 255, 0, 255, 0, 51])
  }

  /// Files made by hand: two pixels of 1, 2, 8 and 16 bits, of a palette, with opacity.
  @Test func readsAllKinds() throws {
    func pixels(_ depth: UInt8, _ color: UInt8, _ row: [UInt8], before: [UInt8] = []) throws -> HostArray {
      try PNG.decode(
        file(width: 2, height: 1, depth: depth, color: color, before: before, rows: [0] + row))
    }
    #expect(try pixels(1, 0, [0b0100_0000]) == HostArray([0, 255] as [UInt8], shape: [1, 2, 1]))
    #expect(try pixels(2, 0, [0b0110_0000]) == HostArray([85, 170] as [UInt8], shape: [1, 2, 1]))
    #expect(try pixels(8, 0, [7, 200]) == HostArray([7, 200] as [UInt8], shape: [1, 2, 1]))
    #expect(
      try pixels(8, 2, [1, 2, 3, 4, 5, 6]) == HostArray([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 2, 3]))
    #expect(try pixels(16, 0, [0, 0, 255, 255]) == HostArray([0, 255] as [UInt8], shape: [1, 2, 1]))
    let palette = chunk("PLTE", [9, 8, 7, 1, 2, 3])
    #expect(
      try pixels(1, 3, [0b1000_0000], before: palette)
        == HostArray([1, 2, 3, 9, 8, 7] as [UInt8], shape: [1, 2, 3]))
    #expect(
      try pixels(8, 6, [1, 2, 3, 0, 4, 5, 6, 255])
        == HostArray([255, 255, 255, 4, 5, 6] as [UInt8], shape: [1, 2, 3]))
  }

  @Test func picturesMakeAGrid() throws {
    let three = HostArray((0..<12).map { UInt8(20 * $0) }, shape: [3, 2, 2, 1])
    let grid = try PNG.decode(PNG.encode(three))
    #expect(grid.shape == [6, 6, 3])
    let gray = stride(from: 0, to: grid.bytes.count, by: 3).map { Int(grid.bytes[$0]) }
    #expect(
      gray == [
        0, 20, 255, 255, 80, 100, 40, 60, 255, 255, 120, 140, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255,
        255, 255, 160, 180, 255, 255, 255, 255, 200, 220, 255, 255, 255, 255,
      ])
  }

  @Test func damageIsAnError() throws {
    try withstandsDamage(PNG.encode(picture([4, 5, 3])), flips: 2000) { _ = try PNG.decode($0) }
    // With checksums that are right, so that damage comes as far as libpng.
    var generator = PhiloxGenerator(seed: 4)
    for _ in 0..<2000 {
      func byte() -> UInt8 { UInt8(truncatingIfNeeded: generator.word()) }
      let depth: UInt8 = [1, 2, 4, 8, 16, byte()][Int(generator.word() % 6)]
      let color: UInt8 = [0, 2, 3, 4, 6, byte()][Int(generator.word() % 6)]
      let before = generator.word() % 2 == 0 ? [] : chunk("PLTE", (0..<Int(byte() % 20)).map { _ in byte() })
      let bytes = file(
        width: Int(byte() % 9), height: Int(byte() % 9), depth: depth, color: color, before: before,
        rows: (0..<Int(byte())).map { _ in byte() })
      do { _ = try PNG.decode(bytes) } catch { #expect(error is FormatError, "\(error)") }
    }
  }

  @Test func errorsSayWhatIsWrong() throws {
    #expect(text([]) == "is not a PNG picture: it does not begin with 89 50 4E 47")
    #expect(text(Array("P5 1 1 255 x".utf8)) == "is not a PNG picture: it does not begin with 89 50 4E 47")
    let bytes = try PNG.encode(HostArray([1, 2] as [UInt8], shape: [1, 2, 1]))
    #expect(text(bytes.dropLast(3)) == "is cut off after \(bytes.count - 3) bytes")
    #expect(text(bytes + [0]) == "has 1 bytes after its end")
    var damaged = bytes
    damaged[20] ^= 1
    #expect(text(damaged) == "is damaged: the chunk IHDR at byte 8 does not have its checksum")
    #expect(
      text(file(width: 100_000, height: 50_000, depth: 8, color: 0, rows: [0, 1]))
        == "announces 100000x50000 pixels, which 70 bytes cannot hold")
    #expect(
      text(file(width: 2, height: 2, depth: 8, color: 0, rows: [0, 1, 2])).hasPrefix(
        "is a damaged PNG picture: "))
    #expect(
      message { _ = try PNG.decode(bytes, limit: 1) }
        == "has 2x1 pixels; at most 1 are read")
    #expect(
      message { _ = try PNG.encode(HostArray([0, 0] as [Int32], shape: [1, 2, 1])) }
        == "a PNG picture is uint8 or float32 of shape (H, W, 1 to 4) or (N, H, W, 1 or 3); received 1x2x1 int32"
    )
  }
}
