/// How elements between those of a picture are found.
public enum Interpolation: Hashable, Sendable {
  /// The element whose centre is nearest.
  case nearest
  /// Between the centres of pixels; the border is continued outwards.
  case bilinear
}

/// Pictures (N, H, W, C) made larger by whole factors.
public final class UpSampling2D: Layer {
  public let size: Spatial
  public let interpolation: Interpolation

  public init(_ size: Spatial = 2, interpolation: Interpolation = .nearest) {
    self.size = size
    self.interpolation = interpolation
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank == 4, let factors = size.expanded(to: 2) else {
      return x.failing(
        "UpSampling2D needs an input (N, H, W, C); received \(x.shape)", file: #fileID, line: #line)
    }
    switch interpolation {
    case .nearest: return x.repeated(factors[0], axis: 1).repeated(factors[1], axis: 2)
    case .bilinear:
      return x.resizedBilinearly(height: x.shape[1] * factors[0], width: x.shape[2] * factors[1])
    }
  }

  public var description: String {
    ConstructorText("UpSampling2D", size).adding("interpolation", ".\(interpolation)", unless: ".nearest")
      .text
  }
}

/// Pictures (N, H, W, C) of any size as (N, height, width, C). Nothing is smoothed where they get smaller.
public final class Resizing: Layer {
  public let height: Int
  public let width: Int
  public let interpolation: Interpolation

  public init(height: Int, width: Int, interpolation: Interpolation = .bilinear) {
    precondition(
      height > 0 && width > 0, "pictures have at least 1x1 pixels; received \(height)x\(width)")
    self.height = height
    self.width = width
    self.interpolation = interpolation
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape[1] > 0, x.shape[2] > 0 else {
      return x.failing(
        "Resizing needs an input (N, H, W, C); received \(x.shape)", file: #fileID, line: #line)
    }
    return switch interpolation {
    case .nearest: x.resizedToNearest(height: height, width: width)
    case .bilinear: x.resizedBilinearly(height: height, width: width)
    }
  }

  public var description: String {
    ConstructorText("Resizing").adding("height", height).adding("width", width)
      .adding("interpolation", ".\(interpolation)", unless: ".bilinear").text
  }
}

extension Tensor {
  /// A picture (N, H, W, C) at another size, each element the one whose centre is nearest.
  public func resizedToNearest(height: Int, width: Int) -> Tensor {
    func positions(_ source: Int, _ target: Int) -> Tensor {
      Tensor((0..<target).map { Int32((2 * $0 + 1) * source / (2 * target)) })
    }
    return gathered(positions(shape[1], height), axis: 1).gathered(positions(shape[2], width), axis: 2)
  }

  /// A picture (N, H, W, C) at another size, bilinear between the centres of pixels: one product with a matrix of
  /// weights for each axis.
  public func resizedBilinearly(height: Int, width: Int) -> Tensor {
    let (n, h, w, c) = (shape[0], shape[1], shape[2], shape[3])
    let rows = Tensor.interpolationWeights(from: h, to: height).matmul(reshaped(n, h, w * c))
    return Tensor.interpolationWeights(from: w, to: width).matmul(rows.reshaped(n * height, w, c))
      .reshaped(n, height, width, c)
  }

  /// Row i holds how much of each source position the result at position i takes.
  private static func interpolationWeights(from source: Int, to target: Int) -> Tensor {
    var weights = [Float](repeating: 0, count: target * source)
    for position in 0..<target {
      let centre = (Float(position) + 0.5) * Float(source) / Float(target) - 0.5
      let lower = Int(centre.rounded(.down))
      let fraction = centre - Float(lower)
      weights[position * source + Swift.min(Swift.max(lower, 0), source - 1)] += 1 - fraction
      weights[position * source + Swift.min(Swift.max(lower + 1, 0), source - 1)] += fraction
    }
    return Tensor(weights, shape: [target, source])
  }
}
