import CPNG
import MartletCore
import MartletData

/// Pictures in the PNG format (ISO/IEC 15948), through libpng.
public enum PNG {
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Whether bytes begin as a PNG file does.
  public static func isPNG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  /// The picture in the bytes of a file: of one channel where it holds shades of grey, of three where it holds colours,
  /// with 8 bits each, in sRGB. What is transparent is laid on white.
  ///
  /// - Parameter limit: the most pixels that it may have.
  /// - Throws: `FormatError` where it is damaged, has more pixels or is of another format.
  public static func decode(_ bytes: [UInt8], limit: Int = Picture.mostPixels) throws -> HostArray {
    _ = try chunks(of: bytes)
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    return try bytes.withUnsafeBytes { file in
      guard png_image_begin_read_from_memory(&image, file.baseAddress!, file.count) != 0 else {
        throw damage(image)
      }
      let channels = image.format & colorFlag == 0 ? 1 : 3
      // Values of 16 bits are taken as shades on a screen too, where the file does not say otherwise.
      image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
      image.format = format(channels: channels)
      let shape = try Shape(checking: [Int(image.height), Int(image.width), channels], of: "a PNG picture")
      // A pixel takes at least one bit, and deflate turns one byte into at most 1032.
      try Picture.check(
        height: shape[0], width: shape[1], byteCount: bytes.count, perByte: 8 * Deflate.largestRatio,
        limit: limit)
      return try HostArray(shape: shape, dtype: .uint8) { pixels in
        var white = png_color(red: 255, green: 255, blue: 255)
        guard png_image_finish_read(&image, &white, pixels.baseAddress!, 0, nil) != 0 else {
          throw damage(image)
        }
      }
    }
  }

  /// The numbers of a mask, uint8 of shape (H, W, 1): those of its pixels as they are stored, shades of grey or places in
  /// a palette, whose colours do not matter.
  ///
  /// - Parameter limit: the most pixels that it may have.
  /// - Throws: `FormatError` as `decode(_:limit:)`, and where pixels are colours or have 16 bits.
  public static func decodeMask(_ bytes: [UInt8], limit: Int = Picture.mostPixels) throws -> HostArray {
    let chunks = try chunks(of: bytes)
    guard let header = chunks.first, header.name == "IHDR", header.place.count == 25 else {
      throw FormatError("is a damaged PNG picture: it does not begin with a header")
    }
    let (depth, kind) = (Int(bytes[24]), bytes[25])
    guard kind == 0 || kind == 3, depth <= 8 else {
      throw FormatError(
        "is a picture \(depth > 8 ? "of \(depth) bits" : kind == 4 ? "with opacity" : "in colours"), and no mask; a mask is "
          + "grey or has a palette, and the number of a pixel, 0 to 255, is its class")
    }
    // Places in a palette are stored as shades of grey are. With nothing else about them in the file, libpng hands these
    // out as they are, but stretched to 8 bits.
    var grey = Array(bytes[..<header.place.upperBound])
    grey[25] = 0
    grey.replaceSubrange(29..<33, with: bigEndian(Deflate.checksum(grey[12..<29])))
    for chunk in chunks where chunk.name == "IDAT" || chunk.name == "IEND" { grey += bytes[chunk.place] }
    let mask = try decode(grey, limit: limit)
    guard depth < 8 else { return mask }
    let step = UInt8(255 / (1 << depth - 1))
    return HostArray(shape: mask.shape, dtype: .uint8, bytes: mask.bytes.map { $0 / step })
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// The bytes of a file that holds a picture: (H, W, C) with one channel of grey, two with opacity, three of colour or
  /// four with opacity; or pictures (N, H, W, C) with one or three channels as a grid. Elements are uint8, or float32
  /// of 0 ... 1.
  ///
  /// - Throws: `FormatError` for arrays that are no such pictures.
  public static func encode(_ picture: HostArray) throws -> [UInt8] {
    let shape = picture.shape
    guard picture.dtype == .uint8 || picture.dtype == .float32, shape.count > 0,
      shape.rank == 3 && (1...4).contains(shape[2]) || shape.rank == 4 && [1, 3].contains(shape[3])
    else {
      throw FormatError(
        "a PNG picture is uint8 or float32 of shape (H, W, 1 to 4) or (N, H, W, 1 or 3); received \(shape) "
          + "\(picture.dtype)")
    }
    guard shape.sizes.dropLast().allSatisfy({ $0 <= 1_000_000 }) else {
      throw FormatError("libpng writes at most 1000000 rows and columns; received \(shape)")
    }
    let one = picture.asOnePicture()
    return encode(one.inBytes().bytes, height: one.shape[0], width: one.shape[1], channels: one.shape[2])
  }

  private static func encode(_ bytes: [UInt8], height: Int, width: Int, channels: Int) -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    (image.width, image.height) = (png_uint_32(width), png_uint_32(height))
    image.format = format(channels: channels)
    // What cannot be compressed grows by the filters' bytes and the headers of blocks and chunks.
    let bound = bytes.count + bytes.count / 64 + 8 * height + 4096
    return [UInt8](unsafeUninitializedCapacity: bound) { output, initialized in
      var count = png_alloc_size_t(bound)
      let code = png_image_write_to_memory(&image, output.baseAddress!, &count, 0, bytes, 0, nil)
      precondition(code != 0, "libpng cannot write a picture of \(width)x\(height): \(text(image))")
      initialized = Int(count)
    }
  }

  // The values of png.h, whose macros Swift does not see.
  private static let colorFlag: png_uint_32 = 2
  private static func format(channels: Int) -> png_uint_32 { png_uint_32(channels - 1) }

  /// Names and places of all chunks, from the length to the checksum. libpng stops at the last row; here all of them
  /// are there, whole, up to the end.
  private static func chunks(of bytes: [UInt8]) throws -> [(name: String, place: Range<Int>)] {
    guard isPNG(bytes) else { throw FormatError("is not a PNG picture: it does not begin with 89 50 4E 47") }
    func number(at place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    var (place, chunks) = (signature.count, [(name: String, place: Range<Int>)]())
    while true {
      guard place + 12 <= bytes.count else { throw FormatError("is cut off after \(bytes.count) bytes") }
      let end = place + 8 + number(at: place)
      let name = bytes[place + 4..<place + 8]
      let isText = name.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "z")).contains($0) }
      guard isText else { throw FormatError("is damaged at byte \(place): there is no chunk") }
      guard end + 4 <= bytes.count else { throw FormatError("is cut off after \(bytes.count) bytes") }
      let text = String(decoding: name, as: UTF8.self)
      guard Deflate.checksum(bytes[place + 4..<end]) == UInt32(number(at: end)) else {
        throw FormatError("is damaged: the chunk \(text) at byte \(place) does not have its checksum")
      }
      chunks.append((text, place..<end + 4))
      place = end + 4
      guard text != "IEND" else { break }
    }
    guard place == bytes.count else {
      throw FormatError("has \(bytes.count - place) bytes after its end")
    }
    return chunks
  }

  private static func damage(_ image: png_image) -> FormatError {
    FormatError("is a damaged PNG picture: \(text(image))")
  }

  private static func text(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
