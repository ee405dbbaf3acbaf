import MartletCore

/// Labelled pictures that are drawn, not downloaded: one of ten shapes at any place, of any size from a third of the
/// picture on, turned, in any colour on any ground that tells them apart, with noise.
///
/// Picture i is a pure function of the seed and i, so pictures are made in any order, on any thread and on any
/// machine alike.
///
/// ```swift
/// let train = Shapes.dataset(count: 10_000, seed: 1)
/// let test = Shapes.dataset(count: 1_000, seed: 2)
/// let picture = Shapes(height: 64, width: 64, channels: 3, seed: 1).picture(at: 5)
/// picture.boxes.values(as: Float.self)    // x0, y0, x1, y1 of each object, in pixels
/// ```
public struct Shapes: Sendable {
  /// Names of the classes, in the order of the labels.
  public static let classNames = Outline.allCases.map { "\($0)" }

  public let height: Int
  public let width: Int
  public let channels: Int
  public let seed: UInt64

  /// - Parameter channels: 1 for grey pictures, 3 for colours, more for colours again and again.
  public init(height: Int = 28, width: Int = 28, channels: Int = 1, seed: UInt64 = 0) {
    precondition(
      channels == 1 || channels > 0 && channels % 3 == 0,
      "shapes have 1 channel or a multiple of 3; received \(channels)")
    precondition(min(height, width) >= 12, "shapes need at least 12x12 pixels; received \(height)x\(width)")
    self.height = height
    self.width = width
    self.channels = channels
    self.seed = seed
  }

  /// Pictures 0 ..< count as a data set for classification.
  public static func dataset(
    count: Int = 10_000, height: Int = 28, width: Int = 28, channels: Int = 1, seed: UInt64 = 0
  ) -> Dataset {
    Shapes(height: height, width: width, channels: channels, seed: seed).dataset(count: count)
  }

  /// Picture `index` of the seed.
  public func picture(at index: Int) -> DrawnPicture {
    let (canvas, labels, bytes) = drawn(index)
    return DrawnPicture(
      image: HostArray(shape: [height, width, channels], dtype: .uint8, bytes: bytes),
      mask: HostArray(shape: [height, width], dtype: .uint8, bytes: canvas.mask),
      boxes: HostArray(canvas.boxes.flatMap { [$0.x, $0.y, $0.z, $0.w] }, shape: [canvas.boxes.count, 4]),
      labels: HostArray(labels.map(Int32.init)))
  }

  /// Pictures 0 ..< count as a data set for classification, drawn now.
  public func dataset(count: Int) -> Dataset {
    let all = batch(of: Array(0..<count))
    do {
      return try Dataset(
        name: "shapes", images: all.images, labels: all.labels, classNames: Self.classNames)
    } catch { preconditionFailure("\(error)") }
  }

  /// Pictures 0 ..< count as a data set that draws them whenever a batch asks for them: large pictures need no more
  /// memory than a batch does.
  ///
  /// - Parameter withMasks: whether batches have masks, for segmentation.
  public func drawnDataset(count: Int, withMasks: Bool = false) -> Dataset {
    Dataset(
      name: "shapes", count: count, imageShape: [height, width, channels], classNames: Self.classNames,
      hasMasks: withMasks
    ) { batch(of: $0, withMasks: withMasks) }
  }

  private func batch(of indices: [Int], withMasks: Bool = false) -> Batch {
    Batch(drawing: indices, imageShape: [height, width, channels], withMasks: withMasks) { index in
      let picture = drawn(index)
      return (picture.bytes, picture.canvas.mask, picture.labels[0])
    }
  }

  private func drawn(_ index: Int) -> (canvas: Canvas, labels: [Int], bytes: [UInt8]) {
    precondition(index >= 0, "pictures are numbered from 0; received \(index)")
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(index))
    let outline = Outline.allCases[Int(generator.unit() * Float(Outline.allCases.count))]
    let (ground, ink) = colors(&generator)
    var canvas = Canvas(height: height, width: width, background: ground, channels: min(channels, 3))
    let place = placement(of: outline, &generator)
    canvas.draw(outline, at: place, color: ink, maskValue: UInt8(outline.rawValue + 1))
    let noise = 0.05 * generator.unit()
    let bytes = canvas.bytes(noise: noise, &generator)
    return (canvas, [outline.rawValue], channels > 3 ? repeatingColors(bytes) : bytes)
  }

  /// The three colours of each pixel as often as there are channels for them.
  private func repeatingColors(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: height * width * channels) { buffer, initialized in
      for pixel in 0..<height * width {
        for channel in 0..<channels { buffer[pixel * channels + channel] = bytes[pixel * 3 + channel % 3] }
      }
      initialized = height * width * channels
    }
  }

  /// A place where the outline lies inside the picture.
  private func placement(of outline: Outline, _ generator: inout PhiloxGenerator) -> Placement {
    let side = Float(min(height, width))
    // The diameter is 0.46 to 0.9 of the picture's shorter side.
    let scale = side * (0.23 + 0.22 * generator.unit())
    let reach = scale * Outline.reach
    func position(_ size: Int, _ unit: Float) -> Float {
      let free = max(0, Float(size) - 2 * reach)
      return (Float(size) - free) / 2 + free * unit
    }
    let center = Point(position(width, generator.unit()), position(height, generator.unit()))
    // An angle by the tangent of its half, in ±90° or ±20°, needs no sine that machines round differently.
    let tangent = (2 * generator.unit() - 1) * (outline.turnsFreely ? 1 : 0.176)
    let square = tangent * tangent
    var rotation = Point(1 - square, 2 * tangent) / (1 + square)
    if generator.word() & 1 == 1, outline.turnsFreely { rotation = Point(0, 0) - rotation }
    return Placement(center: center, scale: scale, rotation: rotation)
  }

  /// Colours of ground and shape, with brightnesses at least 0.4 apart.
  private func colors(_ generator: inout PhiloxGenerator) -> (ground: SIMD4<Float>, ink: SIMD4<Float>) {
    let dark = 0.45 * generator.unit()
    let bright = dark + 0.4 + (0.6 - dark) * generator.unit()
    func tinted(_ level: Float) -> SIMD4<Float> {
      guard channels >= 3 else { return SIMD4(repeating: level) }
      let tint = SIMD4(generator.unit(), generator.unit(), generator.unit(), 0) * 0.6 - 0.3
      // The tint leaves the mean of the three as it is.
      let gray = (tint.x + tint.y + tint.z) / 3
      return (level + tint - gray).clamped(lowerBound: .zero, upperBound: .one)
    }
    let (first, second) = (tinted(dark), tinted(bright))
    return generator.word() & 1 == 0 ? (first, second) : (second, first)
  }
}
