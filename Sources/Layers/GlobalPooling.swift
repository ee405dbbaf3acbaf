/// Pooling over all positions of (N, spatial axes, C): (N, C), or with axes of size 1 where `keepDims`. The layers below
/// are this one for one number of spatial axes.
public class GlobalPoolingLayer: Layer {
  public let keepDims: Bool
  class var kind: Pooling.Kind { .average }
  /// How many spatial axes an input has; any of one to three where nil.
  class var spatialRank: Int? { nil }

  public required init(keepDims: Bool = false) { self.keepDims = keepDims }

  public func forward(_ x: Tensor) -> Tensor {
    if let message = x.rankMessage(self, spatialRank: Self.spatialRank) {
      return x.failing(message, file: #fileID, line: #line)
    }
    let axes = Axes(Array(1..<x.rank - 1))
    return Self.kind == .max ? x.max(axes: axes, keepDims: keepDims) : x.mean(axes: axes, keepDims: keepDims)
  }

  public var description: String {
    ConstructorText("\(type(of: self))").adding("keepDims", keepDims, unless: false).text
  }
}

/// The mean over all positions of (N, W, C).
public final class GlobalAveragePooling1D: GlobalPoolingLayer {
  override class var spatialRank: Int? { 1 }
}

/// The mean over all positions of (N, H, W, C).
public final class GlobalAveragePooling2D: GlobalPoolingLayer {
  override class var spatialRank: Int? { 2 }
}

/// The mean over all positions of (N, D, H, W, C).
public final class GlobalAveragePooling3D: GlobalPoolingLayer {
  override class var spatialRank: Int? { 3 }
}

/// The largest element over all positions of (N, W, C).
public final class GlobalMaxPooling1D: GlobalPoolingLayer {
  override class var kind: Pooling.Kind { .max }
  override class var spatialRank: Int? { 1 }
}

/// The largest element over all positions of (N, H, W, C).
public final class GlobalMaxPooling2D: GlobalPoolingLayer {
  override class var kind: Pooling.Kind { .max }
  override class var spatialRank: Int? { 2 }
}

/// The largest element over all positions of (N, D, H, W, C).
public final class GlobalMaxPooling3D: GlobalPoolingLayer {
  override class var kind: Pooling.Kind { .max }
  override class var spatialRank: Int? { 3 }
}
