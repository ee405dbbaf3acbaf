/// Each sample's elements along an axis brought to mean 0 and variance 1, then scaled and shifted by learned numbers
/// (Ba, Kiros, Hinton 2016, *Layer normalization*). Training and inference do the same. Epsilon is Keras's 1e-3;
/// PyTorch's is 1e-5.
public final class LayerNormalization: Layer {
  public let axis: Int
  public let epsilon: Float
  /// (size of the axis), as beta.
  public let gamma: Parameter?
  public let beta: Parameter?

  public init(axis: Int = -1, epsilon: Float = 1e-3, center: Bool = true, scale: Bool = true) {
    self.axis = axis
    self.epsilon = epsilon
    gamma = scale ? Parameter(.ones) : nil
    beta = center ? Parameter(.zeros) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard let axis = x.shape.normalized(axis: axis), axis > 0 else {
      return x.failing(
        "LayerNormalization along axis \(axis) needs an input that has this axis after the batch; received "
          + "\(x.shape)", file: #fileID, line: #line)
    }
    // One number for each position of the axis, whatever follows it.
    let sizes = [x.shape[axis]] + [Int](repeating: 1, count: x.rank - 1 - axis)
    return x.normalized(axes: [axis], epsilon: epsilon).scaled(
      by: gamma?([sizes[0]]).reshaped(sizes), plus: beta?([sizes[0]]).reshaped(sizes))
  }

  public var description: String {
    ConstructorText("LayerNormalization").adding("axis", axis, unless: -1)
      .adding("epsilon", epsilon, unless: 1e-3).adding("center", beta != nil, unless: true)
      .adding("scale", gamma != nil, unless: true).text
  }
}

/// Each sample's groups of neighbouring channels brought to mean 0 and variance 1 over all positions of (N, spatial
/// axes, C), then scaled and shifted by learned numbers (Wu, He 2018, *Group normalization*). One group for each
/// channel, written -1, is instance normalization (Ulyanov, Vedaldi, Lempitsky 2016); one group for all is layer
/// normalization over whole samples. Defaults are Keras's: 32 groups, epsilon 1e-3.
public final class GroupNormalization: Layer {
  public let groups: Int
  public let epsilon: Float
  /// (C), as beta.
  public let gamma: Parameter?
  public let beta: Parameter?

  public init(groups: Int = 32, epsilon: Float = 1e-3, center: Bool = true, scale: Bool = true) {
    precondition(
      groups > 0 || groups == -1, "groups must be positive, or -1 for one a channel; received \(groups)")
    self.groups = groups
    self.epsilon = epsilon
    gamma = scale ? Parameter(.ones) : nil
    beta = center ? Parameter(.zeros) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    let channels = x.rank >= 2 ? x.shape[-1] : 0
    let groups = groups == -1 ? channels : groups
    guard channels > 0, channels % groups == 0 else {
      return x.failing(
        "GroupNormalization needs an input (N, ..., C) whose channels divide by groups \(groups); received "
          + "\(x.shape)", file: #fileID, line: #line)
    }
    return x.reshaped(x.shape[0], -1, groups, channels / groups).normalized(axes: [1, 3], epsilon: epsilon)
      .reshaped(x.shape.sizes).scaled(by: gamma?([channels]), plus: beta?([channels]))
  }

  public var description: String {
    ConstructorText("GroupNormalization").adding("groups", groups, unless: 32)
      .adding("epsilon", epsilon, unless: 1e-3).adding("center", beta != nil, unless: true)
      .adding("scale", gamma != nil, unless: true).text
  }
}

/// Each element of (..., C) divided by (bias + alpha * the sum of the squares of its 2 * depthRadius + 1 neighbours in
/// the channels) ^ beta (section 3.3 of Krizhevsky, Sutskever, Hinton 2012, *ImageNet classification with deep
/// convolutional neural networks*). Defaults are TensorFlow's; the paper has radius 2, bias 2, alpha 1e-4, beta 0.75.
public final class LocalResponseNormalization: Layer {
  public let depthRadius: Int
  public let bias: Float
  public let alpha: Float
  public let beta: Float

  public init(depthRadius: Int = 5, bias: Float = 1, alpha: Float = 1, beta: Float = 0.5) {
    precondition(depthRadius >= 0, "depthRadius must not be negative; received \(depthRadius)")
    self.depthRadius = depthRadius
    self.bias = bias
    self.alpha = alpha
    self.beta = beta
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank >= 2 else {
      return x.failing(
        "LocalResponseNormalization needs an input (N, ..., C); received \(x.shape)", file: #fileID,
        line: #line)
    }
    // The sums are a product with a band of ones.
    let channels = x.shape[-1]
    let band = (0..<channels * channels).map { index -> Float in
      abs(index / channels - index % channels) <= depthRadius ? 1 : 0
    }
    let sums = x.squared().dense(
      Tensor(band, shape: [channels, channels]), bias: nil, activation: .linear)
    return x * (sums * alpha + bias).power(-beta)
  }

  public var description: String {
    ConstructorText("LocalResponseNormalization").adding("depthRadius", depthRadius, unless: 5)
      .adding("bias", bias, unless: 1).adding("alpha", alpha, unless: 1).adding("beta", beta, unless: 0.5)
      .text
  }
}

extension Tensor {
  /// Brought to mean 0 and variance 1 over the given axes.
  fileprivate func normalized(axes: Axes, epsilon: Float) -> Tensor {
    let centred = self - mean(axes: axes, keepDims: true)
    let variance = centred.squared().mean(axes: axes, keepDims: true)
    return centred / (variance + epsilon).squareRoot()
  }

  /// Scaled and shifted where there are numbers for it.
  fileprivate func scaled(by gamma: Tensor?, plus beta: Tensor?) -> Tensor {
    let scaled = gamma.map { self * $0 } ?? self
    return beta.map { scaled + $0 } ?? scaled
  }
}
