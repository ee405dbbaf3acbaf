import MartletTestSupport

/// Damaged pictures: of our own writers, and small ones of other programs.
extension MutationTests {
  static let pictureFormats = [
    Format(
      "PGM and PPM, text",
      ["P2\n3 2\n99\n1 2 3 44 55 66\n", "P3 1 2 255 #c\n1 2 3 4 5 255"].map { Specimen(text: $0) }
    ) { _ = try Picture.decode($0) },
    Format(
      "PGM and PPM, binary",
      ["P5\n#c\n3 2\n65535\n", "P6\n2 2\n255\n"].map { header in
        Specimen(Array(header.utf8) + (1...12).map { UInt8($0) }, text: 0..<header.utf8.count)
      }
    ) { _ = try Picture.decode($0) },
    Format("PNG", try pngs()) { _ = try PNG.decode($0) },
    // So that damage comes as far as libpng.
    Format("PNG with right checksums") {
      let mutations = Mutations(try pngs())
      return ({ withRightChecksums(mutations[$0]) }, { _ = try PNG.decode($0) })
    },
    // What is in colours is refused before damage is found.
    Format("PNG masks with right checksums") {
      let mutations = Mutations(try pngs().filter { (try? PNG.decodeMask($0.bytes)) != nil })
      return ({ withRightChecksums(mutations[$0]) }, { _ = try PNG.decodeMask($0) })
    },
    Format("JPEG", try jpegs()) { _ = try JPEG.decode($0) },
  ]

  private static func others(_ ending: String) throws -> [[UInt8]] {
    let folder = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .appending("Reference/pictures")
    return try File.names(in: folder).filter { $0.hasSuffix(ending) }.map {
      try File.read(folder.appending($0))
    }
  }

  private static func picture(_ channels: Int) -> HostArray {
    HostArray((0..<6 * channels).map { UInt8($0 * 9) }, shape: [2, 3, channels])
  }

  // MARK: - PNG

  /// With the numbers of the header: sizes, depth and kind, and the length of each chunk.
  private static func pngs() throws -> [Specimen] {
    try ([1, 3, 4].map { try PNG.encode(picture($0)) } + others(".png")).map { bytes in
      let sizes = [16, 20].map { Specimen.Number(offset: $0, size: 4, isBigEndian: true) }
      let kinds = (24...28).map { Specimen.Number(offset: $0, size: 1) }
      let lengths = chunks(of: bytes).map {
        Specimen.Number(offset: $0.lowerBound, size: 4, isBigEndian: true)
      }
      return Specimen(bytes, numbers: sizes + kinds + lengths)
    }
  }

  /// Length, name, data and checksum of each, as far as they are whole.
  private static func chunks(of bytes: [UInt8]) -> [Range<Int>] {
    var (place, chunks): (Int, [Range<Int>]) = (8, [])
    while place + 12 <= bytes.count {
      let end = place + 12 + bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard end <= bytes.count else { break }
      chunks.append(place..<end)
      place = end
    }
    return chunks
  }

  private static func withRightChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for chunk in chunks(of: bytes) {
      let checksum = Deflate.checksum(bytes[chunk.lowerBound + 4..<chunk.upperBound - 4])
      for index in 0..<4 {
        bytes[chunk.upperBound - 4 + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * index))
      }
    }
    return bytes
  }

  // MARK: - JPEG

  /// With the numbers of its segments: how long each is, and what stands first in it: sizes, tables, components.
  private static func jpegs() throws -> [Specimen] {
    // One in the colours of printing is none that is read.
    let others = try others(".jpg").filter { (try? JPEG.decode($0)) != nil }
    let own = try [(1, 90), (3, 90), (3, 100)].map { try JPEG.encode(picture($0), quality: $1) }
    return (own + others).map { bytes in
      var (place, numbers): (Int, [Specimen.Number]) = (2, [])
      while place + 12 <= bytes.count, bytes[place] == 0xFF {
        numbers.append(Specimen.Number(offset: place + 2, size: 2, isBigEndian: true))
        numbers += (4...11).map { Specimen.Number(offset: place + $0, size: 1) }
        numbers += [5, 7].map { Specimen.Number(offset: place + $0, size: 2, isBigEndian: true) }
        place += 2 + (Int(bytes[place + 2]) << 8) + Int(bytes[place + 3])
      }
      return Specimen(bytes, numbers: numbers)
    }
  }
}
