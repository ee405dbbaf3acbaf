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
    return x.resized(
      height: x.shape[1] * factors[0], width: x.shape[2] * factors[1], interpolation: interpolation)
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
    return x.resized(height: height, width: width, interpolation: interpolation)
  }

  public var description: String {
    ConstructorText("Resizing").adding("height", height).adding("width", width)
      .adding("interpolation", ".\(interpolation)", unless: ".bilinear").text
  }
}
