import MartletTestSupport
import Testing

struct PictureTests {
  /// Files of other programs have the pixels that Pillow finds in them.
  @Test func filesOfOtherProgramsAreRead() throws {
    let expected = try PictureFile.expected()
    for name in PictureFile.names where expected[name] != nil {
      #expect(try Picture.read(PictureFile.folder.appending(name)) == expected[name], "\(name)")
    }
    #expect(expected.count > 15)
    #expect(try Picture.read(PictureFile.folder.appending("transparent.png")).shape == [13, 19, 3])
  }

  /// The first bytes tell the format, the name tells none.
  @Test func writesByNameAndReadsByContent() throws {
    try withFolder { folder in
      let picture = PictureFile.noise([5, 6, 3])
      for ending in ["png", "PPM", "pnm", "jpg", "JPEG"] {
        let (path, other) = (folder.appending("a.\(ending)"), folder.appending("other"))
        try Picture.write(picture, to: path, quality: 100)
        try File.write(File.read(path), to: other)
        let read = try Picture.read(other)
        #expect(try Picture.read(path) == read && read.shape == picture.shape)
        #expect(read == picture || ending.lowercased().hasPrefix("j"))
      }
      #expect(names(in: folder) == ["a.JPEG", "a.PPM", "a.jpg", "a.png", "a.pnm", "other"])
      #expect(
        message { try Picture.write(picture, to: folder.appending("b.gif")) }
          == "\(folder)/b.gif: pictures are written to files that end in .png, .jpg, .jpeg, .pgm, .ppm or .pnm"
      )
      #expect(
        message { try Picture.write(HostArray([1] as [UInt8]), to: folder.appending("a.ppm")) }.hasPrefix(
          "\(folder)/a.ppm: a PGM or PPM picture is uint8"))
    }
  }

  @Test func otherFormatsAreNamed() {
    func text(_ bytes: [UInt8]) -> String { message { _ = try Picture.decode(bytes) } }
    let unknown = "is no picture in a format that is read here: PNG, JPEG, PGM and PPM"
    #expect(text([]) == unknown && text([0x89, 0x50]) == unknown && text(Array("P9 1 1".utf8)) == unknown)
    for (name, bytes) in [
      ("GIF", "GIF89a"), ("BMP", "BM123456"), ("WebP", "RIFF\0\0\0\0WEBPVP8 "), ("TIFF", "II*\0"),
      ("HEIC", "\0\0\0 ftypheic"), ("AVIF", "\0\0\0 ftypavif"), ("PBM", "P4 1 1 "),
    ] {
      #expect(
        text(Array(bytes.utf8))
          == "is a picture in the format \(name), which is not read here; convert it to PNG or JPEG")
    }
  }

  @Test func largePicturesAreRefusedBeforeMemoryIsTaken() throws {
    let picture = HostArray([UInt8](repeating: 7, count: 100 * 90), shape: [100, 90, 1])
    for bytes in [try PNG.encode(picture), try JPEG.encode(picture), try Netpbm.encode(picture)] {
      #expect(try Picture.decode(bytes, limit: 9000).shape == picture.shape)
      #expect(
        message { _ = try Picture.decode(bytes, limit: 8999) } == "has 90x100 pixels; at most 8999 are read")
    }
  }
}
