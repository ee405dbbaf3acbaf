import Glibc
import MartletCore
import MartletData
import Testing

/// What augmentations do to pictures.
struct AugmentedPicturesTests {
  /// Pictures and masks of random bytes.
  private static func noise(_ shape: Shape, seed: UInt64 = 1) throws -> Dataset {
    var generator = PhiloxGenerator(seed: seed)
    let bytes = (0..<shape.count).map { _ in UInt8(truncatingIfNeeded: generator.word()) }
    return try Dataset(
      name: "noise", images: HostArray(bytes, shape: shape),
      labels: HostArray([Int32](repeating: 0, count: shape[0])),
      masks: HostArray(
        stride(from: 0, to: bytes.count, by: shape[3]).map { bytes[$0] }, shape: shape.removing(axis: 3)),
      classNames: ["noise"])
  }

  private static func augmented(_ data: Dataset, _ text: String, seed: UInt64 = 7, epoch: Int = 3) throws
    -> Dataset
  {
    try data.augmented(by: Augmentation(text), seed: seed, epoch: epoch)
  }

  /// The mirror image beyond the borders, `cba|abc|cba`, step by step.
  private static func mirrored(_ place: Int, _ size: Int) -> Int {
    var place = place
    while !(0..<size).contains(place) { place = place < 0 ? -1 - place : 2 * size - 1 - place }
    return place
  }

  /// A picture whose pixel (x, y) is the source's at the place that a closure says.
  private static func picture(
    _ source: HostArray, height: Int, width: Int, _ place: (_ x: Int, _ y: Int) -> (x: Int, y: Int)
  ) -> [UInt8] {
    let (sourceHeight, sourceWidth, channels) = (source.shape[1], source.shape[2], source.shape[3])
    var bytes: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let from = place(x, y)
        let pixel = mirrored(from.y, sourceHeight) * sourceWidth + mirrored(from.x, sourceWidth)
        bytes += source.bytes[pixel * channels..<(pixel + 1) * channels]
      }
    }
    return bytes
  }

  @Test(
    arguments: [1, 3],
    ["", "zoom=0", "rotate=0", "shift=0", "brightness=0", "contrast=0", "noise=0", "erase=0"])
  func nothingStaysExact(channels: Int, text: String) throws {
    let data = try Self.noise([6, 7, 9, channels])
    #expect(try Self.augmented(data, text).images == data.images)
    #expect(try Self.augmented(data, text).batch([4, 1]) == data.batch([4, 1]))
  }

  @Test(arguments: [1, 3]) func flipsAreExactAndFair(channels: Int) throws {
    let data = try Self.noise([400, 5, 6, channels])
    let flipped = try Self.augmented(data, "flip")
    var count = 0
    for index in 0..<400 {
      let (before, after) = (data.batch([index]).images, flipped.batch([index]).images)
      let mirror = Self.picture(before, height: 5, width: 6) { (5 - $0, $1) }
      #expect(after == before || after.bytes == mirror)
      if after.bytes == mirror { count += 1 }
    }
    #expect(abs(count - 200) < 40, "400 flips of a coin lie within four standard deviations of 10")
    // A picture that is flipped twice is itself again.
    let again = try Dataset(
      name: "flipped", images: flipped.images, labels: data.labels, classNames: ["noise"])
    #expect(try Self.augmented(again, "flip").images == data.images)
  }

  /// Each picture is the source moved by whole pixels, and all of the 25 offsets come about as often.
  @Test(arguments: [1, 3]) func shiftsAreExactAndUniform(channels: Int) throws {
    let data = try Self.noise([1000, 6, 7, channels])
    let shifted = try Self.augmented(data, "shift=2")
    var counts: [Int: Int] = [:]
    for index in 0..<1000 {
      let (before, after) = (data.batch([index]).images, shifted.batch([index]).images.bytes)
      let offset = (0..<25).first { offset in
        after == Self.picture(before, height: 6, width: 7) { ($0 + offset % 5 - 2, $1 + offset / 5 - 2) }
      }
      counts[try #require(offset), default: 0] += 1
    }
    // χ² of 25 cells stays below its 99.99 % quantile for 24 degrees.
    let chi = (0..<25).reduce(0.0) { sum, offset in
      let difference = Double(counts[offset, default: 0] - 40)
      return sum + difference * difference / 40
    }
    #expect(chi < 59)
  }

  @Test(arguments: [(5, 1), (7, 0), (3, 0), (9, 4), (1, 0)]) func cropsLieInThePaddedPicture(
    size: Int, padding: Int
  ) throws {
    let data = try Self.noise([60, 7, 8, 3])
    let cropped = try Self.augmented(data, "crop=\(size)+\(padding)")
    #expect(cropped.imageShape == [size, size, 3])
    for index in 0..<60 {
      let (before, after) = (data.batch([index]).images, cropped.batch([index]).images.bytes)
      let places = (0...7 + 2 * padding - size).flatMap { y in
        (0...8 + 2 * padding - size).map { (x: $0, y: y) }
      }
      let isFound = places.contains { place in
        let part = Self.picture(before, height: size, width: size) { x, y in
          (x + place.x - padding, y + place.y - padding)
        }
        return after == part
      }
      #expect(isFound)
    }
  }

  /// What moves pixels moves those of the mask, which is the first channel here; what changes values leaves them.
  @Test(arguments: [1, 3], [false, true]) func masksMoveWithTheirPictures(
    channels: Int, isDrawn: Bool
  ) throws {
    let stored = try Self.noise([50, 9, 8, channels])
    let data =
      isDrawn
      ? Dataset(
        name: "drawn", count: 50, imageShape: [9, 8, channels], classNames: ["noise"], hasMasks: true
      ) { stored.batch($0) }
      : stored
    let (steps, values) = ("flip,shift=2,crop=7", ",brightness=0.2,contrast=0.5,noise=0.1,erase=0.5")
    let moved = try Self.augmented(data, steps).shuffled(seed: 3).batch([4, 40, 4, 7])
    let first = stride(from: 0, to: moved.images.bytes.count, by: channels).map { moved.images.bytes[$0] }
    #expect(moved.masks == HostArray(first, shape: [4, 7, 7]))
    let changed = try Self.augmented(data, steps + values).shuffled(seed: 3).batch([4, 40, 4, 7])
    #expect(changed.masks == moved.masks && changed.images != moved.images)
  }

  /// The geometric steps at once against the same maps one after another in Double, with numbers drawn as the
  /// augmentation draws them. Values may differ by one where rounding does; a mask has the value of the nearest pixel.
  @Test(arguments: [1, 3]) func resamplingIsBilinear(channels: Int) throws {
    let (height, width) = (11, 13)
    let data = try Self.noise([40, height, width, channels])
    let turned = try Self.augmented(data, "shift=0.2,rotate=60,zoom=0.3", seed: 9, epoch: 5)
    for index in 0..<40 {
      var generator = PhiloxGenerator(seed: 9, stream: 1 << 62 | 5 << 40 | UInt64(index))
      func symmetric() -> Double { Double(2 * generator.unit() - 1) }
      let shift = (x: symmetric() * 0.2 * Double(width), y: symmetric() * 0.2 * Double(height))
      let angle = symmetric() * 60 * Double.pi / 180
      let zoom = 1 + symmetric() * 0.3
      let center = (x: Double(width - 1) / 2, y: Double(height - 1) / 2)
      let (source, batch) = (data.batch([index]).images, turned.batch([index]))
      let (result, mask) = (batch.images.bytes, batch.masks!.bytes)
      func value(_ x: Int, _ y: Int, _ channel: Int) -> Double {
        let pixel = Self.mirrored(y, height) * width + Self.mirrored(x, width)
        return Double(source.bytes[pixel * channels + channel])
      }
      for y in 0..<height {
        for x in 0..<width {
          // From the result back: out of the zoomed picture, the turned one, the moved one.
          let zoomed = (x: (Double(x) - center.x) / zoom, y: (Double(y) - center.y) / zoom)
          let place = (
            x: zoomed.x * cos(angle) - zoomed.y * sin(angle) + center.x + shift.x,
            y: zoomed.x * sin(angle) + zoomed.y * cos(angle) + center.y + shift.y
          )
          let (left, top) = (Int(place.x.rounded(.down)), Int(place.y.rounded(.down)))
          let (across, along) = (place.x - Double(left), place.y - Double(top))
          if abs(across - 0.5) > 1e-3, abs(along - 0.5) > 1e-3 {
            let nearest = value(left + Int(across + 0.5), top + Int(along + 0.5), 0)
            #expect(Double(mask[y * width + x]) == nearest)
          }
          for channel in 0..<channels {
            let upper = value(left, top, channel) * (1 - across) + value(left + 1, top, channel) * across
            let lower =
              value(left, top + 1, channel) * (1 - across) + value(left + 1, top + 1, channel) * across
            let expected = upper * (1 - along) + lower * along
            let found = Double(result[(y * width + x) * channels + channel])
            #expect(abs(found - expected) <= 0.51)
          }
        }
      }
    }
  }

  /// Mean and standard deviation of the noise, and the shares of it within one and two of them.
  @Test func noiseIsGaussian() throws {
    let gray = try Dataset(
      name: "gray", images: HostArray([UInt8](repeating: 128, count: 100_000), shape: [100, 25, 40, 1]),
      labels: HostArray([Int32](repeating: 0, count: 100)), classNames: ["gray"])
    let values = try Self.augmented(gray, "noise=0.1").images.bytes.map { Double($0) - 128 }
    let mean = values.reduce(0, +) / 1e5
    let variance = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / 1e5
    let expected = 25.5 * 25.5 + 1 / 12.0
    // Four standard errors; rounding to bytes adds 1/12 to the variance.
    #expect(abs(mean) < 4 * 25.5 / 316)
    #expect(abs(variance / expected - 1) < 4 * 0.0045)
    for (limit, share) in [(25.5, 0.682_689), (51, 0.954_500), (76.5, 0.997_300)] {
      let found = Double(values.count { abs($0) < limit }) / 1e5
      // Bytes end the interval half a level aside.
      #expect(abs(found - share) < 0.012, "\(found) within \(limit)")
    }
  }

  @Test func brightnessAndContrastAreLinear() throws {
    let data = try Self.noise([300, 4, 4, 3])
    let (brighter, sharper) = try (
      Self.augmented(data, "brightness=0.2"), Self.augmented(data, "contrast=0.5")
    )
    var extremes = (lowest: 0.0, highest: 0.0)
    for index in 0..<300 {
      let before = data.batch([index]).images.bytes.map(Double.init)
      let after = brighter.batch([index]).images.bytes.map(Double.init)
      let offsets = zip(before, after).filter { (1...254).contains($1) }.map { $1 - $0 }
      #expect(Set(offsets).count <= 1)
      extremes = (min(extremes.lowest, offsets.first ?? 0), max(extremes.highest, offsets.first ?? 0))

      let contrasted = sharper.batch([index]).images.bytes.map(Double.init)
      for channel in 0..<3 {
        let places = stride(from: channel, to: 48, by: 3)
        let mean = places.reduce(0) { $0 + before[$1] } / 16
        let far = places.max { abs(before[$0] - mean) < abs(before[$1] - mean) }!
        // The factor is told by the value farthest from the mean that was not cut.
        let kept = places.filter { (1...254).contains(contrasted[$0]) }
        guard let best = kept.max(by: { abs(before[$0] - mean) < abs(before[$1] - mean) }), far == best else {
          continue
        }
        let factor = (contrasted[best] - mean) / (before[best] - mean)
        #expect((0.49...1.51).contains(factor))
        for place in kept {
          let expected = mean + (before[place] - mean) * factor
          #expect(abs(expected - contrasted[place]) <= 1.01)
        }
      }
    }
    #expect((-51...(-45)).contains(extremes.lowest) && (45...51).contains(extremes.highest))
  }

  /// The changed pixels lie in one rectangle of the paper's sizes; it comes as often as it should.
  @Test func erasingDrawsRectangles() throws {
    let (height, width) = (30, 40)
    let black = try Dataset(
      name: "black",
      images: HostArray(
        shape: [600, height, width, 1], dtype: .uint8, bytes: Array(repeating: 0, count: 600 * 1200)),
      labels: HostArray([Int32](repeating: 0, count: 600)), classNames: ["black"])
    let erased = try Self.augmented(black, "erase=0.5")
    var count = 0
    for index in 0..<600 {
      let bytes = erased.batch([index]).images.bytes
      let changed = bytes.indices.filter { bytes[$0] != 0 }
      guard !changed.isEmpty else { continue }
      count += 1
      let (rows, columns) = (changed.map { $0 / width }, changed.map { $0 % width })
      let (h, w) = (rows.max()! - rows.min()! + 1, columns.max()! - columns.min()! + 1)
      // One value in 256 is zero by chance; all sizes are rounded to pixels.
      #expect(Double(changed.count) > 0.95 * Double(h * w) - 2)
      #expect((0.015...0.43).contains(Double(h * w) / 1200))
      #expect((0.2...4.2).contains(Double(h) / Double(w)))
    }
    #expect(abs(count - 300) < 50)
  }

  @Test func choicesDependOnSeedEpochAndPictureAlone() throws {
    let data = Shapes.dataset(count: 50, height: 20, width: 20, channels: 3, seed: 2)
    let text = "flip,shift=2,rotate=15,zoom=0.1,crop=16,brightness=0.2,contrast=0.2,noise=0.05,erase=0.25"
    let all = try Self.augmented(data, text)
    let size = 16 * 16 * 3
    for batchSize in [1, 7, 50] {
      #expect(all.batches(of: batchSize).flatMap { $0.images.bytes } == all.images.bytes)
    }
    let order = Dataset.order(count: 50, seed: 4, epoch: 1)
    let shuffled = try Self.augmented(data.shuffled(seed: 4, epoch: 1), text)
    #expect(all.shuffled(seed: 4, epoch: 1).images == shuffled.images)
    func picture(_ data: Dataset, _ index: Int) -> ArraySlice<UInt8> {
      data.images.bytes[index * size..<(index + 1) * size]
    }
    for (place, index) in order.enumerated() {
      let (moved, kept) = (picture(shuffled, place), picture(all, index))
      #expect(moved == kept)
    }
    let part = all.subset(10..<20).images.bytes
    #expect(part == Array(all.images.bytes[10 * size..<20 * size]))
    #expect(try Self.augmented(data, text, seed: 8).images != all.images)
    #expect(try Self.augmented(data, text, epoch: 4).images != all.images)
    #expect(all.labels == data.labels && all.classNames == data.classNames)
  }

  /// Saved experiments rely on these bytes, on every machine.
  @Test func theBytesStayTheSame() throws {
    let data = Shapes.dataset(count: 100, height: 20, width: 24, channels: 3, seed: 9)
    let text = "flip,shift=2,rotate=15,zoom=0.1,crop=20,brightness=0.2,contrast=0.2,noise=0.05,erase=0.25"
    #expect(
      SHA256.hex(of: try Self.augmented(data, text).images.bytes)
        == "509c93842dd8fd2bc56a0702dd161dcb49f05c67fbf6d75721e981fe0ca112b9")
  }
}
