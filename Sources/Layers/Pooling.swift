/// The largest element under each window of (N, H, W, C).
public final class MaxPool2D: Layer {
  public let poolSize: Spatial
  public let strides: Spatial
  public let padding: Padding

  /// `strides` is the pool size where it is not given.
  public init(_ poolSize: Spatial = 2, strides: Spatial? = nil, padding: Padding = .valid) {
    self.poolSize = poolSize
    self.strides = strides ?? poolSize
    self.padding = padding
  }

  public func forward(_ x: Tensor) -> Tensor { x.maxPooled(poolSize, strides: strides, padding: padding) }

  public var description: String {
    ConstructorText("MaxPool2D", poolSize).adding("strides", strides, unless: poolSize)
      .adding("padding", padding, unless: .valid).text
  }
}

/// Keras's other name of `MaxPool2D`.
public typealias MaxPooling2D = MaxPool2D

/// The mean under each window of (N, H, W, C). Padding is not counted.
public final class AveragePooling2D: Layer {
  public let poolSize: Spatial
  public let strides: Spatial
  public let padding: Padding

  /// `strides` is the pool size where it is not given.
  public init(_ poolSize: Spatial = 2, strides: Spatial? = nil, padding: Padding = .valid) {
    self.poolSize = poolSize
    self.strides = strides ?? poolSize
    self.padding = padding
  }

  public func forward(_ x: Tensor) -> Tensor { x.averagePooled(poolSize, strides: strides, padding: padding) }

  public var description: String {
    ConstructorText("AveragePooling2D", poolSize).adding("strides", strides, unless: poolSize)
      .adding("padding", padding, unless: .valid).text
  }
}

/// The mean over all positions of (N, spatial axes, C): (N, C), or with axes of size 1 where `keepDims`.
public final class GlobalAveragePooling2D: Layer {
  public let keepDims: Bool
  public init(keepDims: Bool = false) { self.keepDims = keepDims }
  public func forward(_ x: Tensor) -> Tensor { x.mean(axes: spatialAxes(x), keepDims: keepDims) }
  public var description: String {
    ConstructorText("GlobalAveragePooling2D").adding("keepDims", keepDims, unless: false).text
  }
}

/// The largest element over all positions of (N, spatial axes, C).
public final class GlobalMaxPooling2D: Layer {
  public let keepDims: Bool
  public init(keepDims: Bool = false) { self.keepDims = keepDims }
  public func forward(_ x: Tensor) -> Tensor { x.max(axes: spatialAxes(x), keepDims: keepDims) }
  public var description: String {
    ConstructorText("GlobalMaxPooling2D").adding("keepDims", keepDims, unless: false).text
  }
}

private func spatialAxes(_ x: Tensor) -> Axes { Axes(Array(1..<max(1, x.rank - 1))) }
