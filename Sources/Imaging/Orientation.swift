import MartletCore

/// How a camera was held: the tag of that name in the Exif part of a JPEG file (JEITA CP-3451).
struct Orientation: Equatable {
  /// 1 for upright, then mirrored, upside down, both; from 5 on the same of a picture whose rows are columns.
  let value: Int

  /// The orientation that a file names; upright where it names none, or is damaged there.
  init(jpeg bytes: [UInt8]) {
    value = Self.exif(in: bytes).flatMap(Self.tag) ?? 1
  }

  /// The picture as it was seen.
  func upright(_ picture: HostArray) -> HostArray {
    guard value > 1 else { return picture }
    let (height, width) = (picture.shape[0], picture.shape[1])
    let isTurned = value > 4
    return picture.picking(height: isTurned ? width : height, width: isTurned ? height : width) { y, x in
      switch value {
      case 2: (y, width - 1 - x)
      case 3: (height - 1 - y, width - 1 - x)
      case 4: (height - 1 - y, x)
      case 5: (x, y)
      case 6: (height - 1 - x, y)
      case 7: (height - 1 - x, width - 1 - y)
      default: (x, width - 1 - y)
      }
    }
  }

  /// The bytes after the name `Exif` in the segments before the pixels.
  private static func exif(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var place = 2
    while place + 4 <= bytes.count, bytes[place] == 0xFF {
      let marker = bytes[place + 1]
      // Any number of FF may stand before a marker.
      guard marker != 0xFF else {
        place += 1
        continue
      }
      let end = place + 2 + Int(bytes[place + 2]) << 8 + Int(bytes[place + 3])
      // Pixels come next, or there are none.
      guard marker != 0xDA, marker != 0xD9, end >= place + 4, end <= bytes.count else { return nil }
      let segment = bytes[place + 4..<end]
      let name: [UInt8] = Array("Exif".utf8) + [0, 0]
      if marker == 0xE1, segment.starts(with: name) { return segment.dropFirst(name.count) }
      place = end
    }
    return nil
  }

  /// The tag in the first directory of a TIFF header.
  private static func tag(in tiff: ArraySlice<UInt8>) -> Int? {
    let isLittle = tiff.starts(with: "II".utf8)
    guard isLittle || tiff.starts(with: "MM".utf8) else { return nil }
    func number(at offset: Int, _ size: Int) -> Int? {
      guard offset + size <= tiff.count else { return nil }
      let bytes = tiff.dropFirst(offset).prefix(size)
      return isLittle
        ? bytes.reversed().reduce(0) { $0 << 8 | Int($1) } : bytes.reduce(0) { $0 << 8 | Int($1) }
    }
    guard number(at: 2, 2) == 42, let directory = number(at: 4, 4), let count = number(at: directory, 2)
    else { return nil }
    for entry in (0..<count).map({ directory + 2 + 12 * $0 }) where number(at: entry, 2) == 0x112 {
      guard number(at: entry + 2, 2) == 3, let value = number(at: entry + 8, 2) else { return nil }
      return (1...8).contains(value) ? value : nil
    }
    return nil
  }
}
