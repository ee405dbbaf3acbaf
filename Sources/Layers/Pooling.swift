/// A window that slides over the spatial axes of (N, spatial axes, C). `MaxPool2D`, `AveragePooling2D` and their
/// siblings over one and three axes are this layer with a kind of pooling.
public class PoolingLayer: Layer {
  public let poolSize: Spatial
  public let strides: Spatial
  public let padding: Padding
  class var kind: Pooling.Kind { .max }
  /// How many spatial axes an input has; any of one to three where nil.
  class var spatialRank: Int? { nil }

  /// `strides` is the pool size where it is not given.
  public required init(_ poolSize: Spatial = 2, strides: Spatial? = nil, padding: Padding = .valid) {
    self.poolSize = poolSize
    self.strides = strides ?? poolSize
    self.padding = padding
  }

  public func forward(_ x: Tensor) -> Tensor {
    if let message = x.rankMessage(self, spatialRank: Self.spatialRank) {
      return x.failing(message, file: #fileID, line: #line)
    }
    return switch Self.kind {
    case .max: x.maxPooled(poolSize, strides: strides, padding: padding)
    case .average: x.averagePooled(poolSize, strides: strides, padding: padding)
    case .averageWithPadding:
      x.averagePooled(poolSize, strides: strides, padding: padding, countsPadding: true)
    }
  }

  public var description: String {
    ConstructorText("\(type(of: self))", poolSize).adding("strides", strides, unless: poolSize)
      .adding("padding", padding, unless: .valid).text
  }
}

/// The largest element under each window of (N, W, C).
public final class MaxPool1D: PoolingLayer {
  override class var spatialRank: Int? { 1 }
}

/// The largest element under each window of (N, H, W, C).
public final class MaxPool2D: PoolingLayer {
  override class var spatialRank: Int? { 2 }
}

/// The largest element under each window of (N, D, H, W, C).
public final class MaxPool3D: PoolingLayer {
  override class var spatialRank: Int? { 3 }
}

/// The mean under each window of (N, W, C). Padding is not counted.
public final class AveragePooling1D: PoolingLayer {
  override class var kind: Pooling.Kind { .average }
  override class var spatialRank: Int? { 1 }
}

/// The mean under each window of (N, H, W, C). Padding is not counted.
public final class AveragePooling2D: PoolingLayer {
  override class var kind: Pooling.Kind { .average }
  override class var spatialRank: Int? { 2 }
}

/// The mean under each window of (N, D, H, W, C). Padding is not counted.
public final class AveragePooling3D: PoolingLayer {
  override class var kind: Pooling.Kind { .average }
  override class var spatialRank: Int? { 3 }
}

/// Keras's other name of `MaxPool1D`.
public typealias MaxPooling1D = MaxPool1D
/// Keras's other name of `MaxPool2D`.
public typealias MaxPooling2D = MaxPool2D
/// Keras's other name of `MaxPool3D`.
public typealias MaxPooling3D = MaxPool3D
