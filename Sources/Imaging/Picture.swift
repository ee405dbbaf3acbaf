import MartletCore
import MartletData

/// Files of pictures in the formats PNG, JPEG, PGM and PPM.
///
/// A picture is an array of uint8, (H, W, C), with one channel of grey or three of colour.
///
/// ```swift
/// let photo = try Picture.read("photo.jpg")
/// try Picture.write(photo.resized(height: 224, width: 224), to: "small.png")
/// ```
public enum Picture {
  /// The most pixels that are read where nothing else is said: a small file may announce gigabytes.
  public static let mostPixels = 1 << 26

  /// The picture in a file, whatever its name.
  ///
  /// - Throws: `FileError` where the file cannot be read, `FormatError` where it is damaged or of another format.
  public static func read(_ path: FilePath, limit: Int = mostPixels) throws -> HostArray {
    let bytes = try File.read(path)
    return try FormatError.naming(path) { try decode(bytes, limit: limit) }
  }

  /// The picture in the bytes of a file, whose format the first of them tell.
  ///
  /// - Parameter limit: the most pixels that it may have.
  public static func decode(_ bytes: [UInt8], limit: Int = mostPixels) throws -> HostArray {
    if PNG.isPNG(bytes) { return try PNG.decode(bytes, limit: limit) }
    if JPEG.isJPEG(bytes) { return try JPEG.decode(bytes, limit: limit) }
    if Netpbm.isNetpbm(bytes) { return try Netpbm.decode(bytes, limit: limit) }
    let other = others.first { _, offset, mark in bytes.dropFirst(offset).starts(with: mark.utf8) }
    throw FormatError(
      other.map { "is a picture in the format \($0.name), which is not read here; convert it to PNG or JPEG" }
        ?? "is no picture in a format that is read here: PNG, JPEG, PGM and PPM")
  }

  /// Writes a picture in the format of the file's ending, all of it or nothing.
  ///
  /// - Parameter quality: of a JPEG, from 1 to 100.
  /// - Throws: `FormatError` for other endings and for arrays that are no pictures, `FileError`.
  public static func write(_ picture: HostArray, to path: FilePath, quality: Int = JPEG.usualQuality) throws {
    let bytes = try FormatError.naming(path) {
      switch path.extension?.lowercased() {
      case "png": try PNG.encode(picture)
      case "jpg", "jpeg": try JPEG.encode(picture, quality: quality)
      case "pgm", "ppm", "pnm": try Netpbm.encode(picture)
      default: throw FormatError("pictures are written to files that end in \(endingList)")
      }
    }
    try File.write(bytes, to: path)
  }

  /// Whether a file's name says that it is a picture of a format that is read here.
  public static func isNamedAsPicture(_ path: FilePath) -> Bool {
    endings.contains(path.extension?.lowercased() ?? "")
  }

  private static let endings = ["png", "jpg", "jpeg", "pgm", "ppm", "pnm"]
  /// As in `.png, .jpg or .ppm`.
  package static let endingList =
    endings.dropLast().map { ".\($0)" }.joined(separator: ", ") + " or .\(endings.last!)"

  /// Formats that people have, by the mark that stands at a place in their files.
  private static let others: [(name: String, offset: Int, mark: String)] = [
    ("GIF", 0, "GIF8"), ("BMP", 0, "BM"), ("WebP", 8, "WEBP"), ("TIFF", 0, "II*\0"), ("TIFF", 0, "MM\0*"),
    ("HEIC", 4, "ftyphei"), ("HEIC", 4, "ftypmif1"), ("AVIF", 4, "ftypavif"), ("JPEG 2000", 4, "jP  "),
    ("PBM", 0, "P1"), ("PBM", 0, "P4"), ("PAM", 0, "P7"),
  ]

  /// Refuses sizes for which no memory shall be taken.
  ///
  /// - Parameters:
  ///   - byteCount: the size of the file.
  ///   - perByte: the most pixels that one of its bytes can hold.
  static func check(height: Int, width: Int, byteCount: Int, perByte: Int, limit: Int) throws {
    // Sizes in these formats have 32 bits, so the product fits.
    guard height * width <= byteCount * perByte else {
      throw FormatError("announces \(width)x\(height) pixels, which \(byteCount) bytes cannot hold")
    }
    guard height * width <= limit else {
      throw FormatError("has \(width)x\(height) pixels; at most \(limit) are read")
    }
  }
}
