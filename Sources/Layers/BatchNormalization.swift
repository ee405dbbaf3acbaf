/// Each channel brought to mean 0 and variance 1, then scaled and shifted by learned numbers (Ioffe, Szegedy 2015,
/// *Batch normalization*). In training the batch's own statistics are used, and moving averages follow them; in
/// inference the moving averages are used. The last axis holds the channels.
///
/// Defaults are Keras's: momentum 0.99, epsilon 1e-3; the moving variance takes the biased one. (PyTorch's momentum of
/// 0.1 is 0.9 here, its epsilon 1e-5, and its moving variance unbiased.)
public final class BatchNormalization: Layer {
  public let momentum: Float
  public let epsilon: Float
  public let gamma: Parameter?
  public let beta: Parameter?
  public let movingMean = State(0)
  public let movingVariance = State(1)
  /// Whether the moving averages are used in training too: a frozen layer.
  public var isFrozen = false

  public init(momentum: Float = 0.99, epsilon: Float = 1e-3, center: Bool = true, scale: Bool = true) {
    self.momentum = momentum
    self.epsilon = epsilon
    gamma = scale ? Parameter(.ones) : nil
    beta = center ? Parameter(.zeros) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank >= 2 else {
      return x.failing(
        "BatchNormalization needs an input (N, ..., C); received \(x.shape)", file: #fileID, line: #line)
    }
    let channels: Shape = [x.shape[-1]]
    let gamma = self.gamma?(channels) ?? Tensor.ones(channels)
    let beta = self.beta?(channels) ?? Tensor.zeros(channels)
    let mean = movingMean(channels)
    let variance = movingVariance(channels)
    guard Context.phase == .training && !isFrozen else {
      let scale = gamma / (variance + epsilon).squareRoot()
      return x * scale + (beta - mean * scale)
    }
    let (y, batchMean, batchVariance) = x.batchNormalized(gamma: gamma, beta: beta, epsilon: epsilon)
    movingMean.assign(mean.moved(toward: batchMean, momentum: momentum))
    movingVariance.assign(variance.moved(toward: batchVariance, momentum: momentum))
    return y
  }

  public var description: String {
    ConstructorText("BatchNormalization").adding("momentum", momentum, unless: 0.99)
      .adding("epsilon", epsilon, unless: 1e-3).adding("center", beta != nil, unless: true)
      .adding("scale", gamma != nil, unless: true).text
  }
}
