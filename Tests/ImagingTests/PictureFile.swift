import MartletTestSupport

/// The files of other programs in Tests/Reference/pictures, and what Pillow makes of them.
enum PictureFile {
  static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .appending("Reference/pictures")
  static let names = [
    "cmyk.jpg", "deep.png", "fewer-colours.jpg", "grey.jpg", "interlaced.png", "palette.png",
    "progressive.jpg", "restarts.jpg", "transparent.png",
  ]

  static func bytes(_ name: String) throws -> [UInt8] { try File.read(folder.appending(name)) }

  static func expected() throws -> [String: HostArray] {
    try Safetensors.read(folder.appending("expected.safetensors"))
  }

  /// Bytes without a pattern.
  static func noise(_ shape: Shape) -> HostArray {
    var generator = PhiloxGenerator(seed: 3)
    return HostArray((0..<shape.count).map { _ in UInt8(truncatingIfNeeded: generator.word()) }, shape: shape)
  }

  // MARK: - PNG files made by hand

  static func bigEndian(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }

  /// A chunk with its checksum (PNG specification, annex D), bit by bit.
  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    var checksum = UInt32.max
    for byte in body {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return bigEndian(data.count) + body + bigEndian(Int(~checksum))
  }

  /// Rows, each after the byte of its filter, in one block of deflate that is not compressed.
  static func png(
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

  /// One row of places in a palette in which all colours are the same.
  static func palettePNG(_ places: [UInt8]) -> [UInt8] {
    png(
      width: places.count, height: 1, depth: 8, color: 3,
      before: chunk("PLTE", [UInt8](repeating: 90, count: 3 * 256)), rows: [0] + places)
  }
}
