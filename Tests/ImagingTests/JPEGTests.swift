import MartletTestSupport
import Testing

struct JPEGTests {
  private func text(_ bytes: [UInt8]) -> String { message { _ = try JPEG.decode(bytes) } }

  /// Hills of grey or colours, which JPEG keeps well.
  private func hills(_ shape: Shape) -> HostArray {
    HostArray(
      (0..<shape.count).map { index in
        let (y, x) = (index / shape[2] / shape[1], index / shape[2] % shape[1])
        return UInt8((3 * y + 2 * x + 40 * (index % shape[2])) % 256)
      }, shape: shape)
  }

  @Test(arguments: [[1, 1, 1], [17, 30, 1], [17, 30, 3], [1, 70, 3], [70, 1, 3], [8, 8, 3]])
  func roundTripIsClose(sizes: [Int]) throws {
    let picture = hills(Shape(sizes))
    let bytes = try JPEG.encode(picture, quality: 100)
    #expect(JPEG.isJPEG(bytes))
    let decoded = try JPEG.decode(bytes)
    #expect(decoded.shape == picture.shape)
    let worst = zip(decoded.bytes, picture.bytes).map { abs(Int($0) - Int($1)) }.max()!
    // The quantum is 1 before the colours are turned.
    #expect(worst <= 4)
  }

  @Test func lessQualityIsFewerBytes() throws {
    let picture = PictureFile.noise([64, 64, 3])
    let sizes = try [100, 95, 94, 50, 1].map { try JPEG.encode(picture, quality: $0).count }
    #expect(sizes == sizes.sorted(by: >) && Set(sizes).count == 5)
    #expect(try JPEG.encode(picture) == JPEG.encode(picture, quality: JPEG.usualQuality))
  }

  /// Floats, and several pictures as a grid.
  @Test func arraysOfOtherKinds() throws {
    let float = HostArray([Float](repeating: 0.5, count: 64), shape: [8, 8, 1])
    #expect(try JPEG.decode(JPEG.encode(float)).bytes.allSatisfy { $0 == 128 })
    let three = HostArray([UInt8](repeating: 9, count: 3 * 64), shape: [3, 8, 8, 1])
    #expect(try JPEG.decode(JPEG.encode(three)).shape == [18, 18, 3])
    #expect(
      message { _ = try JPEG.encode(HostArray([0, 0] as [UInt8], shape: [1, 1, 2])) }
        == "a JPEG picture is uint8 or float32 of shape (H, W, 1 or 3) or (N, H, W, 1 or 3); received 1x1x2 uint8"
    )
    #expect(
      message { _ = try JPEG.encode(HostArray([UInt8](repeating: 0, count: 65_501), shape: [1, 65_501, 1])) }
        == "a JPEG picture has at most 65500 rows and columns; received 1x65501x1")
  }

  @Test func damageIsAnError() throws {
    try withstandsDamage(JPEG.encode(hills([9, 12, 3]))) { _ = try JPEG.decode($0) }
    try withstandsDamage(PictureFile.bytes("progressive.jpg")) { _ = try JPEG.decode($0) }
  }

  @Test func errorsSayWhatIsWrong() throws {
    #expect(text([]) == "is not a JPEG picture: it does not begin with FF D8 FF")
    #expect(
      text(try PictureFile.bytes("cmyk.jpg"))
        == "is a JPEG picture in the colours of printing, CMYK; convert it to RGB")
    let bytes = try JPEG.encode(hills([32, 32, 3]))
    #expect(
      text(bytes.dropLast(40))
        == "is a damaged JPEG picture: Premature end of JPEG file; copy or download it again")
    #expect(
      message { _ = try JPEG.decode(bytes, limit: 1023) } == "has 32x32 pixels; at most 1023 are read")
    // The frame's height and width are its second and third number.
    let frame = try #require(bytes.firstIndex { $0 == 0xC0 })
    var large = bytes
    large.replaceSubrange(frame + 4..<frame + 8, with: [0xFF, 0x00, 0xFF, 0x00])
    #expect(text(large) == "announces 65280x65280 pixels, which \(bytes.count) bytes cannot hold")
  }

  // MARK: - Orientation

  /// An Exif segment with the tag behind another one, in both orders of bytes.
  private func exif(_ orientation: UInt8, isLittle: Bool) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      let bytes = (0..<size).map { UInt8(value >> (8 * $0) & 255) }
      return isLittle ? bytes : bytes.reversed()
    }
    let other = number(0x10F, 2) + number(2, 2) + number(4, 4) + Array("ab\0\0".utf8)
    let tag = number(0x112, 2) + number(3, 2) + number(1, 4) + number(Int(orientation), 2) + [0, 0]
    let tiff =
      Array((isLittle ? "II" : "MM").utf8) + number(42, 2) + number(8, 4) + number(2, 2) + other + tag
      + number(0, 4)
    let body = Array("Exif".utf8) + [0, 0] + tiff
    return [0xFF, 0xE1, UInt8((body.count + 2) >> 8), UInt8((body.count + 2) & 255)] + body
  }

  /// A picture of 16x8 pixels, dark but for its upper left quarter.
  private func marked() throws -> [UInt8] {
    let picture = HostArray(
      (0..<16 * 8).map { $0 / 8 < 8 && $0 % 8 < 4 ? 250 : 5 } as [UInt8], shape: [16, 8, 1])
    return try JPEG.encode(picture, quality: 100)
  }

  /// Where the bright quarter lies after each turn (JEITA CP-3451, 4.6.4): rows and columns of the stored picture are
  /// seen from these sides.
  @Test(
    arguments: [
      (1, 16, true, true), (2, 16, true, false), (3, 16, false, false), (4, 16, false, true),
      (5, 8, true, true), (6, 8, true, false), (7, 8, false, false), (8, 8, false, true),
    ], [true, false])
  func picturesAreUpright(_ turn: (value: Int, height: Int, isTop: Bool, isLeft: Bool), isLittle: Bool)
    throws
  {
    let file = try marked()
    let bytes = file[..<2] + exif(UInt8(turn.value), isLittle: isLittle) + file[2...]
    let picture = try JPEG.decode(Array(bytes))
    let (height, width) = (picture.shape[0], picture.shape[1])
    #expect(height == turn.height && width == 24 - turn.height)
    func isBright(_ y: Int, _ x: Int) -> Bool { picture.bytes[y * width + x] > 128 }
    for (y, isTop) in [(height / 4, true), (3 * height / 4, false)] {
      for (x, isLeft) in [(width / 4, true), (3 * width / 4, false)] {
        #expect(isBright(y, x) == (isTop == turn.isTop && isLeft == turn.isLeft))
      }
    }
  }

  /// A damaged tag is none.
  @Test func damagedTagsAreLeftOut() throws {
    let file = try marked()
    let upright = try JPEG.decode(file)
    for value in [0, 9, 255] as [UInt8] {
      #expect(try JPEG.decode(file[..<2] + exif(value, isLittle: true) + file[2...]) == upright)
    }
    let segment = exif(6, isLittle: false)
    for place in 4..<segment.count {
      var damaged = segment
      damaged[place] = 0xFF
      _ = try JPEG.decode(file[..<2] + damaged + file[2...])
    }
  }
}
