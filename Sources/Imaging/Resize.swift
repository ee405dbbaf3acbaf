import MartletCore

/// How the pixels of another size come out of those around them.
public enum ResizeMethod: String, Sendable, CaseIterable {
  /// The pixel in which the centre lies.
  case nearest
  /// The nearer the more, up to the next pixel.
  case bilinear
  /// The mean of what is covered.
  case area
}

extension HostArray {
  /// A picture, (H, W, C) of uint8, in another size. Pixels are squares, whose centres lie at halves.
  ///
  /// `bilinear` gives the bits of Pillow 13, `area` is TensorFlow's method of that name.
  ///
  /// - Parameter antialias: whether `bilinear` takes in all pixels when it shrinks a picture, and not only those around
  ///   the centres, which makes thin lines come and go.
  public func resized(
    height: Int, width: Int, by method: ResizeMethod = .bilinear, antialias: Bool = true
  ) -> HostArray {
    checkPicture()
    precondition(height > 0 && width > 0, "a picture has at least 1x1 pixels; received \(height)x\(width)")
    if method == .nearest {
      let (rows, columns) = (nearest(shape[0], height), nearest(shape[1], width))
      return picking(height: height, width: width) { y, x in (rows[y], columns[x]) }
    }
    func weights(_ count: Int, _ result: Int) -> PixelWeights {
      method == .area
        ? .area(count, result) : .bilinear(count, result, antialias: antialias)
    }
    func wide(_ picture: HostArray) -> HostArray {
      picture.shape[1] == width
        ? picture
        : picture.weighted(
          weights(picture.shape[1], width), lines: picture.shape[0], step: shape[2],
          shape: [picture.shape[0], width])
    }
    func high(_ picture: HostArray) -> HostArray {
      picture.shape[0] == height
        ? picture
        : picture.weighted(
          weights(picture.shape[0], height), lines: 1, step: picture.shape[1] * shape[2],
          shape: [height, picture.shape[1]])
    }
    // Each step rounds to bytes, so their order counts: this is when Pillow 13 begins with the height.
    let isHeightFirst = height < shape[0] && shape[0] - height > 2 * (shape[1] - width)
    return isHeightFirst ? wide(high(self)) : high(wide(self))
  }

  private func nearest(_ count: Int, _ result: Int) -> [Int] {
    let scale = Double(count) / Double(result)
    return (0..<result).map { min(count - 1, Int((Double($0) + 0.5) * scale)) }
  }

  /// Weighted sums along an axis.
  ///
  /// - Parameters:
  ///   - lines: how often the axis is there.
  ///   - step: the numbers from one place on the axis to the next.
  private func weighted(_ weights: PixelWeights, lines: Int, step: Int, shape sizes: [Int]) -> HostArray {
    let count = self.shape.count / (lines * step)
    return HostArray(shape: Shape(sizes + [shape[2]]), dtype: .uint8) { target in
      let sums = UnsafeMutableBufferPointer<Int32>.allocate(capacity: step)
      defer { sums.deallocate() }
      withUnsafeBytes { source in
        var to = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
        for line in 0..<lines {
          let start = source.baseAddress!.assumingMemoryBound(to: UInt8.self) + line * count * step
          for window in weights.windows {
            weights.sum(window, start, step: step, into: sums)
            for index in 0..<step { to[index] = UInt8(clamping: sums[index] >> PixelWeights.bits) }
            to += step
          }
        }
      }
    }
  }
}

/// How much each pixel of a line counts for each pixel of a longer or shorter one, in whole numbers.
private struct PixelWeights {
  /// Of the fraction: the sum of 255 times all weights has 30.
  static let bits: Int32 = 22

  /// The first pixel of a result, and where the weights from there on stand.
  struct Window {
    var first: Int
    var values: Range<Int>
  }
  private(set) var windows: [Window] = []
  private var values: [Int32] = []

  /// The sums over a window of a line, one for each number of a place, with a half to round by. Where a place has few
  /// numbers, each sum stays in a register; where it has many, they are vectors.
  func sum(
    _ window: Window, _ line: UnsafePointer<UInt8>, step: Int,
    into sums: UnsafeMutableBufferPointer<Int32>
  ) {
    let half: Int32 = 1 << (Self.bits - 1)
    let from = line + window.first * step
    values.withUnsafeBufferPointer { values in
      let weights = UnsafeBufferPointer(rebasing: values[window.values])
      if step < 8 {
        for index in 0..<step {
          var (sum, place) = (half, index)
          for weight in weights {
            sum &+= weight &* Int32(from[place])
            place += step
          }
          sums[index] = sum
        }
      } else {
        sums.update(repeating: half)
        for (place, weight) in weights.enumerated() {
          let pixels = from + place * step
          for index in 0..<step { sums[index] &+= weight &* Int32(pixels[index]) }
        }
      }
    }
  }

  /// A tent over the centre, as wide as a result's pixel where that is larger than a source's.
  static func bilinear(_ count: Int, _ result: Int, antialias: Bool) -> PixelWeights {
    let scale = Double(count) / Double(result)
    let support = antialias ? max(1, scale) : 1
    var weights = PixelWeights()
    for place in 0..<result {
      let center = (Double(place) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(count, Int(center + support + 0.5))
      weights.append(
        from: first,
        (first..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) * (1 / support))) })
    }
    return weights
  }

  /// The part of each pixel that a result's pixel covers.
  static func area(_ count: Int, _ result: Int) -> PixelWeights {
    var weights = PixelWeights()
    for place in 0..<result {
      // In units of 1 / result, so that nothing is rounded.
      let (low, high) = (place * count, (place + 1) * count)
      let (first, end) = (low / result, (high + result - 1) / result)
      weights.append(
        from: first,
        (first..<end).map { Double(min(high, ($0 + 1) * result) - max(low, $0 * result)) })
    }
    return weights
  }

  private mutating func append(from first: Int, _ parts: [Double]) {
    let sum = parts.reduce(0, +)
    let start = values.count
    values += parts.map { Int32($0 * (1 / sum) * Double(1 << Self.bits) + 0.5) }
    windows.append(Window(first: first, values: start..<values.count))
  }
}
