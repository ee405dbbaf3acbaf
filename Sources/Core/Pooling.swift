/// The hyperparameters of a pooling window. `geometry(input:)` resolves them against an input.
public struct Pooling: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    case max
    /// The mean of the elements under the window; padding is not counted.
    case average
    /// The mean over the whole window, padding counted as zeros.
    case averageWithPadding
  }

  public var kind: Kind
  public var poolSize: Spatial
  public var strides: Spatial
  public var padding: Padding

  /// `strides` is the pool size where it is not given.
  public init(_ kind: Kind, poolSize: Spatial, strides: Spatial? = nil, padding: Padding = .valid) {
    self.kind = kind
    self.poolSize = poolSize
    self.strides = strides ?? poolSize
    self.padding = padding
  }

  /// - Throws: `ShapeError` where the window does not fit the input (N, spatial axes, channels).
  public func geometry(input: Shape) throws -> PoolingGeometry {
    let sliding = try SlidingWindow(
      input: input, window: poolSize, strides: strides, padding: padding, what: "pool size")
    return PoolingGeometry(
      kind: kind, spatialRank: sliding.rank, batch: input[0], input: sliding.input, output: sliding.output,
      window: sliding.window, strides: sliding.strides, paddingBefore: sliding.paddingBefore,
      channels: input[-1])
  }
}

/// A pooling with every size known.
public struct PoolingGeometry: Hashable, Sendable {
  public var kind: Pooling.Kind
  public var spatialRank: Int
  public var batch: Int
  public var input: Extent
  public var output: Extent
  public var window: Extent
  public var strides: Extent
  public var paddingBefore: Extent
  public var channels: Int

  public var inputShape: Shape {
    Shape([batch] + (3 - spatialRank..<3).map { input[$0] } + [channels])
  }
  public var outputShape: Shape {
    Shape([batch] + (3 - spatialRank..<3).map { output[$0] } + [channels])
  }
}

extension ConvolutionGeometry {
  /// The maximum pooling of 2 x 2 squares that an epilogue may do; nil where there is none.
  public var maxPooling: PoolingGeometry? {
    spatialRank == 2 ? try? Pooling(.max, poolSize: 2).geometry(input: outputShape) : nil
  }
}

/// What a pooling and its derivatives consist of.
public enum PoolingPass: UInt8, Hashable, Sendable {
  /// x → y, and for maximum pooling also int32 positions: the flat spatial index (depth, height, width of the input)
  /// of each window's first maximum. x → y for average pooling.
  case forward
  /// Maximum: (dy, positions) → dx, adding where windows share a maximum; this is also unpooling. Average: dy → dx.
  case backward
  /// Maximum only: (x, positions) → the elements of x at the positions, the derivative of `backward`.
  case pick
}
