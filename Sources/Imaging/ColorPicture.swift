import MartletCore

/// A picture in red, green and blue for people to look at, to be drawn on.
///
/// ```swift
/// var picture = ColorPicture(try Picture.read("street.jpg"))
/// picture.draw([LabelledBox(top: 20, left: 31, bottom: 90, right: 140, label: "car 0.93", color: .ofClass(2))])
/// try Picture.write(picture.hostArray, to: "cars.png")
/// ```
public struct ColorPicture: Sendable, Equatable {
  public typealias Color = SIMD3<UInt8>

  public let height: Int
  public let width: Int
  /// Row by row.
  private(set) var pixels: [Color]

  /// A picture of one colour.
  public init(height: Int, width: Int, fill: Color = .white) {
    self.height = height
    self.width = width
    pixels = [Color](repeating: fill, count: height * width)
  }

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

  /// A picture (H, W, C) of uint8, or of float32 in 0 ... 1; see `pictures(of:)`.
  public init(_ picture: HostArray) {
    self = Self.pictures(of: picture.reshaped(picture.shape.inserting(1, at: 0)))[0]
  }

  public subscript(y: Int, x: Int) -> Color {
    get { pixels[y * width + x] }
    set { pixels[y * width + x] = newValue }
  }

  /// Pictures (N, H, W, C) of uint8, or of float32 in 0 ... 1. One channel is grey, two are grey with something else; of
  /// more than three the first three are shown.
  public static func pictures(of images: HostArray) -> [ColorPicture] {
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

  /// Red, green and blue in bytes, (H, W, 3).
  public var hostArray: HostArray {
    HostArray(shape: [height, width, 3], dtype: .uint8) { bytes in
      for (index, pixel) in pixels.enumerated() {
        for channel in 0..<3 { bytes[3 * index + channel] = pixel[channel] }
      }
    }
  }

  /// Each pixel as a square, so that the picture becomes at least so wide.
  public func enlarged(toWidth least: Int) -> ColorPicture {
    enlarged(by: max(1, (least + width - 1) / width))
  }

  func enlarged(by factor: Int) -> ColorPicture {
    guard factor > 1 else { return self }
    return ColorPicture(height: height * factor, width: width * factor) { y, x in
      self[y / factor, x / factor]
    }
  }

  /// Another picture with its top left corner at a place; what lies outside is left out.
  public mutating func draw(_ picture: ColorPicture, top: Int, left: Int) {
    for y in max(0, -top)..<max(0, -top, min(picture.height, height - top)) {
      for x in max(0, -left)..<max(0, -left, min(picture.width, width - left)) {
        self[top + y, left + x] = picture[y, x]
      }
    }
  }

  /// A rectangle of one colour, the rows and columns as far as there are any.
  public mutating func fill(rows: Range<Int>, columns: Range<Int>, with color: Color) {
    let columns = columns.clamped(to: 0..<width)
    for y in rows.clamped(to: 0..<height) { for x in columns { self[y, x] = color } }
  }

  /// Some of a colour over what is there; nothing outside.
  mutating func blend(_ color: Color, _ share: Float, y: Int, x: Int) {
    guard (0..<height).contains(y), (0..<width).contains(x) else { return }
    self[y, x] = self[y, x].mixed(with: color, share)
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
