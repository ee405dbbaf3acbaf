extension Tensor {
  /// Batch normalisation with the batch's own statistics over all axes but the last: gamma * (x - mean) /
  /// √(variance + epsilon) + beta (Ioffe, Szegedy 2015, *Batch normalization: accelerating deep network training by
  /// reducing internal covariate shift*).
  ///
  /// - Returns: the normalised tensor, and the mean and the biased variance of each channel.
  public func batchNormalized(
    gamma: Tensor, beta: Tensor, epsilon: Float, file: StaticString = #fileID, line: Int = #line
  ) -> (y: Tensor, mean: Tensor, variance: Tensor) {
    let site = Site(file: file, line: line)
    let channels: Shape = [shape.rank > 0 ? shape[-1] : 0]
    guard rank >= 2, gamma.shape == channels, beta.shape == channels else {
      let failed = Tensor.fail(
        "batch normalisation needs an input of at least two axes, gamma and beta of its channels; received "
          + "\(shape), \(gamma.shape), \(beta.shape)", [self, gamma, beta], site: site)
      return (failed, gamma, gamma)
    }
    let results = Tensor.record(
      Recipe.batchNormalization, [self, gamma, beta, Tensor(epsilon)],
      outputs: [(shape, .float32), (channels, .float32), (channels, .float32)], site: site)
    return (results[0], results[1], results[2])
  }
}

extension Recipe {
  fileprivate static let batchNormalization = of(.batchNormalization(.none))
}

extension Tensor {
  /// A moving average after one more value: momentum * average + (1 - momentum) * value. One operation, because a
  /// network has many of them, and constant for derivatives.
  package func moved(toward value: Tensor, momentum: Float) -> Tensor {
    Tensor.record(Recipe.movingAverage, [self, value, Tensor(momentum)], shape: shape)
  }
}

extension ElementwiseProgram {
  /// (average, value, momentum) → value + (average - value) * momentum
  static let movingAverage = ElementwiseProgram(
    inputCount: 3,
    instructions: [.init(.subtract, 0, 1), .init(.multiply, 3, 2), .init(.add, 1, 4)], results: [5])
}

/// The derivatives of batch normalisation: first order in closed form, second order by composing the closed form from
/// elementary operations and differentiating those.
enum BatchStatistics {
  static func derivative(_ d: Differential) -> [Tensor?] {
    let (x, gamma, epsilon) = (d.operands[0], d.operands[1], d.operands[3])
    let (mean, variance) = (d.outputs[1], d.outputs[2])
    let channels = gamma.shape
    let results = Tensor.record(
      .batchNormalizationBackward(isRectified: false), [d.cotangent(0), x, gamma, mean, variance, epsilon],
      outputs: [(x.shape, .float32), (channels, .float32), (channels, .float32)])
    var dx = results[0]
    let rows = Float(x.count / Swift.max(1, gamma.count))
    if let dmean = d.cotangents[1] { dx = dx + (dmean / rows).broadcast(to: x.shape) }
    if let dvariance = d.cotangents[2] { dx = dx + (x - mean) * (dvariance * (2 / rows)) }
    return [dx, results[1], results[2], nil]
  }

  static func derivativeOfBackward(_ d: Differential) -> [Tensor?] {
    let (dy, x, gamma, epsilon) = (d.operands[0], d.operands[1], d.operands[2], d.operands[5])
    guard let trace = dy.trace ?? x.trace ?? gamma.trace else { return d.operands.map { _ in nil } }
    // Statistics are functions of x here, so the operands mean and variance carry no gradient of their own.
    let axes = Axes(Array(0..<x.rank - 1))
    let mean = x.mean(axes: axes, keepDims: true)
    let centred = x - mean
    let inverse = (centred.squared().mean(axes: axes, keepDims: true) + epsilon).squareRoot().reciprocal()
    let normalized = centred * inverse
    let dgamma = (dy * normalized).sum(axes: axes)
    let dbeta = dy.sum(axes: axes)
    let dnormalized = dy * gamma
    let dx =
      inverse
      * (dnormalized - dnormalized.mean(axes: axes, keepDims: true)
        - normalized * (dnormalized * normalized).mean(axes: axes, keepDims: true))
    let seeded = zip([dx, dgamma, dbeta], d.cotangents).compactMap { value, seed in
      seed.map { (y: value, seed: $0) }
    }
    let gradients = trace.gradients(of: seeded, withRespectTo: [dy, x, gamma], isPartial: true)
    return gradients + [nil, nil, nil]
  }
}
