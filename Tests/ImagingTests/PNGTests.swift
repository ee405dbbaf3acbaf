import MartletTestSupport
import Testing

struct PNGTests {
  /// Bytes without a pattern.
  private func picture(_ shape: Shape) -> HostArray {
    var generator = PhiloxGenerator(seed: 3)
    return HostArray((0..<shape.count).map { _ in UInt8(truncatingIfNeeded: generator.word()) }, shape: shape)
  }
  private func text(_ bytes: [UInt8]) -> String { message { _ = try PNG.decode(bytes) } }
  private func bigEndian(_ value: Int) -> [UInt8] { PictureFile.bigEndian(value) }
  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] { PictureFile.chunk(name, data) }
  private func file(
    width: Int, height: Int, depth: UInt8, color: UInt8, before: [UInt8] = [], rows: [UInt8]
  ) -> [UInt8] {
    PictureFile.png(width: width, height: height, depth: depth, color: color, before: before, rows: rows)
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

  /// Numbers as they are stored, whatever colours a palette gives them; the second palette has one colour twice.
  @Test func masksAreReadAsNumbers() throws {
    func numbers(
      _ depth: UInt8, _ color: UInt8, _ row: [UInt8], width: Int, before: [UInt8] = []
    ) throws -> [UInt8] {
      let mask = try PNG.decodeMask(
        file(width: width, height: 1, depth: depth, color: color, before: before, rows: [0] + row))
      #expect(mask.shape == [1, width, 1])
      return mask.bytes
    }
    let palette = chunk("PLTE", [9, 8, 7, 1, 2, 3, 9, 8, 7, 255, 255, 255]) + chunk("tRNS", [0, 255, 7])
    for (color, before) in [(UInt8(0), [UInt8]()), (3, palette), (0, chunk("gAMA", bigEndian(100_000)))] {
      #expect(try numbers(1, color, [0b1011_0000], width: 4, before: before) == [1, 0, 1, 1])
      #expect(try numbers(2, color, [0b0001_1011], width: 4, before: before) == [0, 1, 2, 3])
      #expect(try numbers(4, color, [0x02, 0x9F], width: 4, before: before) == [0, 2, 9, 15])
      #expect(try numbers(8, color, [0, 2, 21, 255], width: 4, before: before) == [0, 2, 21, 255])
    }
    #expect(try PNG.decodeMask(PictureFile.bytes("palette.png")).shape[2] == 1)
    func text(_ depth: UInt8, _ color: UInt8, _ row: [UInt8]) -> String {
      message { _ = try numbers(depth, color, row, width: 1) }
    }
    let rule =
      ", and no mask; a mask is grey or has a palette, and the number of a pixel, 0 to 255, is its class"
    #expect(text(8, 2, [1, 2, 3]) == "is a picture in colours" + rule)
    #expect(text(8, 6, [1, 2, 3, 4]) == "is a picture in colours" + rule)
    #expect(text(8, 4, [1, 2]) == "is a picture with opacity" + rule)
    #expect(text(16, 0, [1, 2]) == "is a picture of 16 bits" + rule)
    let headless = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IDAT", []) + chunk("IEND", [])
    #expect(
      message { _ = try PNG.decodeMask(headless) }
        == "is a damaged PNG picture: it does not begin with a header")
    try withstandsDamage(
      file(width: 4, height: 1, depth: 2, color: 3, before: palette, rows: [0, 0b0001_1011]), flips: 2000
    ) { _ = try PNG.decodeMask($0) }
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
