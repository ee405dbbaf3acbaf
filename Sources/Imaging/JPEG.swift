import CTurboJPEG
import MartletCore
import MartletData

/// Pictures in the JPEG format (ISO/IEC 10918-1), through libjpeg-turbo.
public enum JPEG {
  /// Small files in which the loss is hard to see.
  public static let usualQuality = 90

  /// Whether bytes begin as a JPEG file does.
  public static func isJPEG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

  /// The picture in the bytes of a file, turned as its Exif tag says that the camera was held. What is damaged in any
  /// way is refused: a picture whose lower half is grey would be learned from as any other.
  ///
  /// - Parameter limit: the most pixels that it may have.
  /// - Throws: `FormatError` where it is damaged, has more pixels or is of another format.
  public static func decode(_ bytes: [UInt8], limit: Int = Picture.mostPixels) throws -> HostArray {
    guard isJPEG(bytes) else { throw FormatError("is not a JPEG picture: it does not begin with FF D8 FF") }
    guard let decoder = tjInitDecompress() else { throw FormatError("libjpeg-turbo cannot start") }
    defer { tjDestroy(decoder) }
    var (width, height, sampling, colors) = (Int32(0), Int32(0), Int32(0), Int32(0))
    guard
      tjDecompressHeader3(decoder, bytes, UInt(bytes.count), &width, &height, &sampling, &colors) == 0
    else { throw damage(decoder) }
    guard UInt32(colors) != TJCS_CMYK.rawValue, UInt32(colors) != TJCS_YCCK.rawValue else {
      throw FormatError("is a JPEG picture in the colours of printing, CMYK; convert it to RGB")
    }
    // A block of 8x8 pixels takes at least one bit.
    try Picture.check(
      height: Int(height), width: Int(width), byteCount: bytes.count, perByte: 8 * 64, limit: limit)
    let isGrey = UInt32(colors) == TJCS_GRAY.rawValue
    let format = isGrey ? TJPF_GRAY : TJPF_RGB
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    let picture = try HostArray(shape: [Int(height), Int(width), isGrey ? 1 : 3], dtype: .uint8) { pixels in
      let code = tjDecompress2(
        decoder, bytes, UInt(bytes.count), pixels.baseAddress!.assumingMemoryBound(to: UInt8.self), width, 0,
        height, Int32(format.rawValue), flags)
      guard code == 0 else { throw damage(decoder) }
    }
    return Orientation(jpeg: bytes).upright(picture)
  }

  /// The bytes of a file that holds a picture, (H, W, C) with one channel of grey or three of colour, or pictures
  /// (N, H, W, C) as a grid. Elements are uint8, or float32 of 0 ... 1.
  ///
  /// - Parameter quality: from 1 to 100. Below 95 colours have half the picture's resolution.
  /// - Throws: `FormatError` for arrays that are no such pictures.
  public static func encode(_ picture: HostArray, quality: Int = usualQuality) throws -> [UInt8] {
    precondition((1...100).contains(quality), "a quality lies in 1...100; received \(quality)")
    let shape = picture.shape
    guard picture.dtype == .uint8 || picture.dtype == .float32, shape.count > 0,
      shape.rank == 3 || shape.rank == 4, [1, 3].contains(shape[-1])
    else {
      throw FormatError(
        "a JPEG picture is uint8 or float32 of shape (H, W, 1 or 3) or (N, H, W, 1 or 3); received \(shape) "
          + "\(picture.dtype)")
    }
    let one = picture.asOnePicture().inBytes()
    let (height, width, channels) = (one.shape[0], one.shape[1], one.shape[2])
    guard max(height, width) <= 65_500 else {
      throw FormatError("a JPEG picture has at most 65500 rows and columns; received \(one.shape)")
    }
    let format = channels == 1 ? TJPF_GRAY : TJPF_RGB
    let sampling = channels == 1 ? TJSAMP_GRAY : quality < 95 ? TJSAMP_420 : TJSAMP_444
    guard let encoder = tjInitCompress() else { throw FormatError("libjpeg-turbo cannot start") }
    defer { tjDestroy(encoder) }
    let bound = tjBufSize(Int32(width), Int32(height), Int32(sampling.rawValue))
    return [UInt8](unsafeUninitializedCapacity: Int(bound)) { output, initialized in
      var (place, count) = (output.baseAddress, bound)
      let code = tjCompress2(
        encoder, one.bytes, Int32(width), 0, Int32(height), Int32(format.rawValue), &place, &count,
        Int32(sampling.rawValue), Int32(quality), TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
      precondition(code == 0, "libjpeg-turbo cannot write a picture of \(width)x\(height): \(text(encoder))")
      initialized = Int(count)
    }
  }

  private static func damage(_ handle: tjhandle) -> FormatError {
    FormatError("is a damaged JPEG picture: \(text(handle)); \(FormatError.again)")
  }

  private static func text(_ handle: tjhandle) -> String { String(cString: tjGetErrorStr2(handle)) }
}
