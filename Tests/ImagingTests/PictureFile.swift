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
}
