import MartletCore

/// Where each pixel of a result is found in its source: an affine map, to which each geometric step adds its own.
struct Resampling {
  /// The sizes of the result.
  private(set) var height: Int
  private(set) var width: Int
  /// Pixel (x, y) of the result lies at x · right + y · down + origin in the source. Pixels are counted by their
  /// centres, the first being 0.
  private var right = Point(1, 0)
  private var down = Point(0, 1)
  private var origin = Point(0, 0)

  /// The map that changes nothing.
  init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  mutating func add(_ step: Augmentation.Step, _ generator: inout PhiloxGenerator) {
    let center = Point(Float(width - 1), Float(height - 1)) / 2
    switch step {
    case .flip:
      if generator.word() & 1 == 1 {
        then(right: Point(-1, 0), down: Point(0, 1), origin: Point(Float(width - 1), 0))
      }
    case .shift(let amount) where amount >= 1:
      let count = 2 * Int(amount) + 1
      let (x, y) = (generator.whole(below: count), generator.whole(below: count))
      move(Point(Float(x), Float(y)) - amount)
    case .shift(let share):
      let (x, y) = (generator.symmetric(), generator.symmetric())
      move(Point(x * Float(width), y * Float(height)) * share)
    case .rotate(let degrees):
      let (cosine, sine) = PortableMath.cosineAndSine(turns: generator.symmetric() * degrees / 360)
      turn(right: Point(cosine, sine), down: Point(-sine, cosine), about: center)
    case .zoom(let share):
      let factor = 1 / (1 + share * generator.symmetric())
      turn(right: Point(factor, 0), down: Point(0, factor), about: center)
    case .crop(let size, let padding):
      let x = generator.whole(below: width + 2 * padding - size + 1)
      let y = generator.whole(below: height + 2 * padding - size + 1)
      move(Point(Float(x - padding), Float(y - padding)))
      (height, width) = (size, size)
    case .brightness, .contrast, .noise, .erase: break
    }
  }

  private mutating func move(_ offset: Point) { then(right: Point(1, 0), down: Point(0, 1), origin: offset) }

  private mutating func turn(right: Point, down: Point, about center: Point) {
    then(right: right, down: down, origin: center - center.x * right - center.y * down)
  }

  /// Puts a map between this one and the result.
  private mutating func then(right: Point, down: Point, origin: Point) {
    self.origin += origin.x * self.right + origin.y * self.down
    (self.right, self.down) = (
      right.x * self.right + right.y * self.down, down.x * self.right + down.y * self.down
    )
  }

  /// Whether pixels of the result are pixels of the source, at most mirrored, so that none is mixed.
  private var isExact: Bool {
    abs(right.x) == 1 && right.y == 0 && down == Point(0, 1) && origin == origin.rounded(.toNearestOrEven)
  }

  /// Writes the result of `height` by `width` pixels.
  ///
  /// - Parameter isMixing: whether a pixel between others is their mixture, and not the nearest of them, which is for one
  ///   channel.
  func write(
    _ source: UnsafePointer<UInt8>, height sourceHeight: Int, width sourceWidth: Int, channels: Int,
    isMixing: Bool = true, to target: UnsafeMutablePointer<UInt8>
  ) {
    let picture = SourcePicture(pixels: source, height: sourceHeight, width: sourceWidth, channels: channels)
    if isExact {
      copy(picture, to: target)
    } else if isMixing {
      interpolate(picture, to: target)
    } else {
      pick(picture, to: target)
    }
  }

  /// Takes the pixel that is nearest to each place.
  private func pick(_ source: SourcePicture, to target: UnsafeMutablePointer<UInt8>) {
    for y in 0..<height {
      let start = origin + Float(y) * down + 0.5
      for x in 0..<width {
        let point = start + Float(x) * right
        let row = source.row(SourcePicture.mirrored(Self.floor(point.y), source.height))
        target[y * width + x] = row[SourcePicture.mirrored(Self.floor(point.x), source.width)]
      }
    }
  }

  private func copy(_ source: SourcePicture, to target: UnsafeMutablePointer<UInt8>) {
    let channels = source.channels
    let (left, top, step) = (Int(origin.x), Int(origin.y), Int(right.x))
    withUnsafeTemporaryAllocation(of: Int.self, capacity: width) { columns in
      for x in 0..<width {
        columns[x] = SourcePicture.mirrored(left + step * x, source.width) * channels
      }
      for y in 0..<height {
        let row = source.row(SourcePicture.mirrored(top + y, source.height))
        let line = target + y * width * channels
        if channels == 1 {
          for x in 0..<width { line[x] = row[columns[x]] }
        } else {
          for x in 0..<width {
            let pixel = row + columns[x]
            (line[3 * x], line[3 * x + 1], line[3 * x + 2]) = (pixel[0], pixel[1], pixel[2])
          }
        }
      }
    }
  }

  /// Mixes the four pixels around each place by how near they are.
  private func interpolate(_ source: SourcePicture, to target: UnsafeMutablePointer<UInt8>) {
    let channels = source.channels
    var place = target
    for y in 0..<height {
      let start = origin + Float(y) * down
      for x in 0..<width {
        let point = start + Float(x) * right
        let (column, row) = (Self.floor(point.x), Self.floor(point.y))
        let share = point - Point(Float(column), Float(row))
        let (upper, lower) = (
          source.row(SourcePicture.mirrored(row, source.height)),
          source.row(SourcePicture.mirrored(row + 1, source.height))
        )
        let left = SourcePicture.mirrored(column, source.width) * channels
        let right = SourcePicture.mirrored(column + 1, source.width) * channels
        for channel in 0..<channels {
          let top = Self.mix(upper[left + channel], upper[right + channel], share.x)
          let bottom = Self.mix(lower[left + channel], lower[right + channel], share.x)
          place[channel] = UInt8(top + (bottom - top) * share.y + 0.5)
        }
        place += channels
      }
    }
  }

  /// The largest whole number that is not above another number; unlike `rounded(.down)` no call of the system.
  private static func floor(_ x: Float) -> Int {
    let whole = Int(x)
    return Float(whole) > x ? whole - 1 : whole
  }

  private static func mix(_ a: UInt8, _ b: UInt8, _ share: Float) -> Float {
    Float(a) + (Float(b) - Float(a)) * share
  }
}

/// The pixels of a picture, continued beyond its borders by their mirror image.
private struct SourcePicture {
  let pixels: UnsafePointer<UInt8>
  let height: Int
  let width: Int
  let channels: Int

  func row(_ y: Int) -> UnsafePointer<UInt8> { pixels + y * width * channels }

  /// The place in 0 ..< size whose mirror image a place anywhere is: -1 is 0, and `size` is `size` - 1.
  static func mirrored(_ place: Int, _ size: Int) -> Int {
    if UInt(bitPattern: place) < UInt(bitPattern: size) { return place }
    let period = 2 * size
    let remainder = (place % period + period) % period
    return remainder < size ? remainder : period - 1 - remainder
  }
}
