import MartletCore

/// A point or a direction in the plane; y points down.
typealias Point = SIMD2<Float>

/// Where an outline of about the unit circle's size stands in a picture.
struct Placement {
  var center: Point
  /// Pixels for one unit of the outline.
  var scale: Float
  /// Cosine and sine of the rotation.
  var rotation: Point

  /// A point of the picture in the outline's own coordinates.
  func local(_ point: Point) -> Point {
    let offset = point - center
    let turned = Point(
      offset.x * rotation.x + offset.y * rotation.y, offset.y * rotation.x - offset.x * rotation.y)
    return turned / scale
  }
}

/// A picture that is being drawn: colours in 0...1, a class for each pixel, a box for each object.
struct Canvas {
  let height: Int
  let width: Int
  let channels: Int
  private(set) var colors: [Float]
  private(set) var mask: [UInt8]
  /// x0, y0, x1, y1 of each object in pixels; the second corner lies just outside.
  private(set) var boxes: [SIMD4<Float>] = []

  init(height: Int, width: Int, background: SIMD4<Float>, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    colors = [Float](unsafeUninitializedCapacity: height * width * channels) { buffer, initialized in
      for pixel in 0..<height * width {
        for channel in 0..<channels { buffer[pixel * channels + channel] = background[channel] }
      }
      initialized = height * width * channels
    }
    mask = [UInt8](repeating: 0, count: height * width)
  }

  /// Draws an outline over what is there, with smooth edges; pixels at least half covered take the mask value.
  mutating func draw(_ outline: Outline, at place: Placement, color: SIMD4<Float>, maskValue: UInt8) {
    let reach = place.scale * Outline.reach + 1
    let columns = Self.clamped(place.center.x - reach, place.center.x + reach, to: width)
    let rows = Self.clamped(place.center.y - reach, place.center.y + reach, to: height)
    var (left, top, right, bottom) = (width, height, 0, 0)
    for y in rows {
      for x in columns {
        let point = place.local(Point(Float(x) + 0.5, Float(y) + 0.5))
        let coverage = max(0, min(1, 0.5 - outline.distance(point) * place.scale))
        guard coverage > 0 else { continue }
        let pixel = y * width + x
        for channel in 0..<channels {
          colors[pixel * channels + channel] +=
            (color[channel] - colors[pixel * channels + channel]) * coverage
        }
        if coverage >= 0.5 {
          mask[pixel] = maskValue
          (left, right, top, bottom) = (min(left, x), max(right, x + 1), min(top, y), max(bottom, y + 1))
        }
      }
    }
    boxes.append(
      right > left ? SIMD4(Float(left), Float(top), Float(right), Float(bottom)) : SIMD4(repeating: 0))
  }

  private static func clamped(_ from: Float, _ to: Float, to size: Int) -> Range<Int> {
    let first = max(0, min(size, Int(from.rounded(.down))))
    return first..<max(first, min(size, Int(to.rounded(.up))))
  }

  /// The picture in bytes, with noise of the given strength: a triangular distribution of that standard deviation.
  func bytes(noise: Float, _ generator: inout PhiloxGenerator) -> [UInt8] {
    // Two bytes with values in 0...255 have a sum of mean 255 and standard deviation 104.5.
    let strength = noise * 255 / 104.5
    return [UInt8](unsafeUninitializedCapacity: colors.count) { buffer, initialized in
      var word: UInt32 = 0
      for index in colors.indices {
        word = index & 1 == 0 ? generator.word() : word >> 16
        let sum = Float((word & 255) + (word >> 8 & 255)) - 255
        buffer[index] = UInt8(max(0, min(255, (colors[index] * 255 + sum * strength).rounded())))
      }
      initialized = colors.count
    }
  }
}
