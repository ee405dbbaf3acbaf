import MartletCore

/// A picture in red, green and blue for people to look at.
package struct ColorPicture: Sendable, Equatable {
  package typealias Color = SIMD3<UInt8>

  package let height: Int
  package let width: Int
  /// Row by row.
  private(set) var pixels: [Color]

  init(height: Int, width: Int, color: (_ y: Int, _ x: Int) -> Color) {
    self.height = height
    self.width = width
    pixels = [Color](unsafeUninitializedCapacity: height * width) { buffer, initialized in
      for y in 0..<height {
        for x in 0..<width { buffer.initializeElement(at: y * width + x, to: color(y, x)) }
      }
      initialized = height * width
    }
  }

  subscript(y: Int, x: Int) -> Color {
    get { pixels[y * width + x] }
    set { pixels[y * width + x] = newValue }
  }

  /// Pictures (N, H, W, C) of uint8, or of float32 in 0 ... 1. One channel is grey, two are grey with something else; of
  /// more than three the first three are shown.
  package static func pictures(of images: HostArray) -> [ColorPicture] {
    let (count, height, width, channels) = (
      images.shape[0], images.shape[1], images.shape[2], images.shape[3]
    )
    return images.inBytes().withUnsafeBytes { bytes in
      (0..<count).map { index in
        ColorPicture(height: height, width: width) { y, x in
          let place = ((index * height + y) * width + x) * channels
          return channels < 3
            ? Color(repeating: bytes[place]) : Color(bytes[place], bytes[place + 1], bytes[place + 2])
        }
      }
    }
  }

  /// Masks (N, H, W) of uint8 with a colour for each class: black for the ground, then hues as far apart as the golden
  /// section puts them.
  package static func pictures(ofMasks masks: HostArray) -> [ColorPicture] {
    let (count, height, width) = (masks.shape[0], masks.shape[1], masks.shape[2])
    let colors = (0..<256).map(color(ofClass:))
    return masks.withUnsafeBytes { bytes in
      (0..<count).map { index in
        ColorPicture(height: height, width: width) { y, x in
          colors[Int(bytes[(index * height + y) * width + x])]
        }
      }
    }
  }

  package static func color(ofClass index: Int) -> Color {
    guard index > 0 else { return Color() }
    let turn = Float(index - 1) * 0.618034
    let hue = (turn - turn.rounded(.down)) * 6
    func channel(_ offset: Float) -> UInt8 {
      let place = (offset + hue).truncatingRemainder(dividingBy: 6)
      return UInt8(64 + 191 * max(0, min(1, min(place, 4 - place))))
    }
    return Color(channel(2), channel(0), channel(4))
  }

  /// Red, green and blue in bytes, (H, W, 3).
  package var hostArray: HostArray {
    HostArray(shape: [height, width, 3], dtype: .uint8) { bytes in
      for (index, pixel) in pixels.enumerated() {
        for channel in 0..<3 { bytes[3 * index + channel] = pixel[channel] }
      }
    }
  }

  /// Each pixel as a square, so that the picture becomes at least so wide.
  package func enlarged(toWidth least: Int) -> ColorPicture {
    let factor = max(1, (least + width - 1) / width)
    guard factor > 1 else { return self }
    return ColorPicture(height: height * factor, width: width * factor) { y, x in
      self[y / factor, x / factor]
    }
  }

  /// Pictures of one size in rows, with a gap between them.
  ///
  /// - Parameter columns: as many as make a square where nothing is said.
  package static func grid(_ pictures: [ColorPicture], columns: Int? = nil, gap: Int = 2) -> ColorPicture {
    precondition(!pictures.isEmpty, "a grid has at least one picture")
    let columns = columns ?? Int(Double(pictures.count).squareRoot().rounded(.up))
    let rows = (pictures.count + columns - 1) / columns
    let (height, width) = (pictures[0].height, pictures[0].width)
    let empty = Color(repeating: 255)
    return ColorPicture(
      height: rows * (height + gap) - gap, width: columns * (width + gap) - gap
    ) { y, x in
      let (row, column) = (y / (height + gap), x / (width + gap))
      let (top, left) = (y % (height + gap), x % (width + gap))
      let index = row * columns + column
      guard top < height, left < width, index < pictures.count else { return empty }
      return pictures[index][top, left]
    }
  }

  /// The picture with lines of text below it on a ground of some colour, as far as they fit.
  package func captioned(_ lines: [String], color ground: Color, scale: Int = 2) -> ColorPicture {
    let lineHeight = (Lettering.height + 2) * scale
    let band = lines.count * lineHeight + 2 * scale
    var result = ColorPicture(height: height + band, width: width) { y, x in
      y < height ? self[y, x] : ground
    }
    for (line, text) in lines.enumerated() {
      let top = height + line * lineHeight + 2 * scale
      for (place, letter) in text.enumerated() {
        let left = (1 + place * (Lettering.width + 1)) * scale
        guard left + Lettering.width * scale <= width else { break }
        for y in 0..<Lettering.height * scale {
          for x in 0..<Lettering.width * scale
          where Lettering.isInked(letter, row: y / scale, column: x / scale) {
            result[top + y, left + x] = Color(repeating: 255)
          }
        }
      }
    }
    return result
  }
}

extension HostArray {
  /// Pictures (N, H, W, C) as a grid, (H, W, 3); one picture (H, W, C) as it is.
  package func asOnePicture() -> HostArray {
    shape.rank == 4 ? ColorPicture.grid(ColorPicture.pictures(of: self)).hostArray : self
  }

  /// The same in uint8; float32 of 0 ... 1 becomes 0 ... 255, what lies outside the nearest of them, NaN 0.
  func inBytes() -> HostArray {
    guard dtype == .float32 else { return self }
    return HostArray(shape: shape, dtype: .uint8) { target in
      withUnsafeBytes { source in
        for index in 0..<shape.count {
          let value = source.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
          // The order of the operands decides where NaN goes.
          target[index] = UInt8(min(1, max(value.isNaN ? 0 : value, 0)) * 255 + 0.5)
        }
      }
    }
  }
}
