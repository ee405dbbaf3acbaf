/// Maximum pooling of (N, H, W, C), the layers inside, and their result put back to where the maxima were found, zeros
/// elsewhere: (N, H, W, C) again (Zeiler, Taylor, Fergus 2011, *Adaptive deconvolutional networks for mid and high level
/// feature learning*). The layers inside return the shape that they get.
///
/// ```swift
/// MaxUnpooling2D {
///   Conv2D(32, kernelSize: 3, padding: .same, activation: .relu)
///   Conv2DTranspose(16, kernelSize: 3, padding: .same, activation: .relu)
/// }
/// ```
public final class MaxUnpooling2D: Layer {
  public let poolSize: Spatial
  public let layers: [any Layer]

  public init(_ poolSize: Spatial = 2, @LayerBuilder _ layers: () -> [any Layer] = { [] }) {
    self.poolSize = poolSize
    self.layers = layers()
  }

  public func forward(_ x: Tensor) -> Tensor {
    if let message = x.rankMessage(self, spatialRank: 2) {
      return x.failing(message, file: #fileID, line: #line)
    }
    let (maxima, positions) = x.maxPooledWithPositions(poolSize)
    return layers.reduce(maxima) { $1($0) }.unpooled(positions, to: x.shape, poolSize: poolSize)
  }

  public var description: String { branchText(ConstructorText("MaxUnpooling2D", poolSize).text, layers) }
}
