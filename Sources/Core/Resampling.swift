/// How elements between those of a picture are found.
public enum Interpolation: Hashable, Sendable {
  /// The element whose centre is nearest.
  case nearest
  /// Between the centres of pixels; the border is continued outwards.
  case bilinear
}

/// Pictures (N, H, W, C) at another size, with every size known.
public struct Resampling: Hashable, Sendable {
  public var interpolation: Interpolation
  public var batch: Int
  public var input: Extent
  public var output: Extent
  public var channels: Int

  /// - Parameter input: (N, H, W, C), without an axis of size 0.
  public init(_ interpolation: Interpolation, input: Shape, height: Int, width: Int) {
    self.interpolation = interpolation
    batch = input[0]
    self.input = Extent(1, input[1], input[2])
    output = Extent(1, height, width)
    channels = input[3]
  }

  public var inputShape: Shape { [batch, input.height, input.width, channels] }
  public var outputShape: Shape { [batch, output.height, output.width, channels] }

  /// What the results along an axis (1 for height, 2 for width) are made of.
  public func taps(axis: Int) -> ResamplingTaps {
    let (source, target) = (input[axis], output[axis])
    var taps = ResamplingTaps()
    for position in 0..<target {
      // The centre lies at numerator / (2 target), counted from the edge of the picture in source pixels.
      let numerator = (2 * position + 1) * source
      if interpolation == .nearest {
        taps.add(numerator / (2 * target), 1)
      } else {
        let lower = (numerator + target) / (2 * target) - 1
        let fraction = Float(numerator - (2 * lower + 1) * target) / Float(2 * target)
        if lower < 0 || lower == source - 1 || fraction == 0 {
          taps.add(max(lower, 0), 1)
        } else {
          taps.add(lower, 1 - fraction)
          taps.add(lower + 1, fraction)
        }
      }
      taps.endRow()
    }
    return taps
  }
}

/// A matrix of weights that are nearly all zero, row by row: row j has weights[k] at places[k] for k in
/// starts[j] ..< starts[j + 1].
public struct ResamplingTaps: Sendable {
  public private(set) var starts: [Int32] = [0]
  public private(set) var places: [Int32] = []
  public private(set) var weights: [Float] = []

  mutating func add(_ place: Int, _ weight: Float) {
    places.append(Int32(place))
    weights.append(weight)
  }

  mutating func endRow() { starts.append(Int32(places.count)) }

  /// The only place of a row whose weight there is 1.
  public func copied(_ row: Int) -> Int? {
    let start = Int(starts[row])
    return starts[row + 1] == starts[row] + 1 && weights[start] == 1 ? Int(places[start]) : nil
  }

  /// The matrix with rows and columns exchanged; `count` is the number of rows that it then has.
  public func transposed(count: Int) -> ResamplingTaps {
    var result = ResamplingTaps()
    result.starts = [Int32](repeating: 0, count: count + 1)
    result.places = [Int32](repeating: 0, count: places.count)
    result.weights = [Float](repeating: 0, count: places.count)
    for place in places { result.starts[Int(place) + 1] += 1 }
    for j in 0..<count { result.starts[j + 1] += result.starts[j] }
    var next = result.starts
    for j in 0..<starts.count - 1 {
      for k in Int(starts[j])..<Int(starts[j + 1]) {
        let target = Int(next[Int(places[k])])
        next[Int(places[k])] += 1
        result.places[target] = Int32(j)
        result.weights[target] = weights[k]
      }
    }
    return result
  }
}

/// Resampling is linear, and its derivatives consist of it and its transpose.
public enum ResamplingPass: UInt8, Hashable, Sendable {
  /// x → y
  case forward
  /// dy → dx
  case backward
}
