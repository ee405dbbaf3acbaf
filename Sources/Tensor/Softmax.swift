extension Tensor {
  /// exp(x) / Σ exp(x) along an axis.
  public func softmax(axis: Int = -1, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    softmax(logarithm: false, axis: axis, Site(file: file, line: line))
  }

  /// The logarithm of softmax, exact also where probabilities underflow.
  public func logSoftmax(axis: Int = -1, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    softmax(logarithm: true, axis: axis, Site(file: file, line: line))
  }

  private func softmax(logarithm: Bool, axis: Int, _ site: Site) -> Tensor {
    guard let position = shape.normalized(axis: axis) else {
      return Tensor.fail("axis \(axis) is outside the shape \(shape)", [self], site: site)
    }
    if position == rank - 1 {
      return Tensor.record(.softmax(logarithm: logarithm), [self], shape: shape, site: site)
    }
    var order = Array(0..<rank)
    order.swapAt(position, rank - 1)
    return transposed(order).softmax(logarithm: logarithm, axis: -1, site).transposed(order)
  }

  /// The cross-entropy between softmax(logits) and int32 class labels, one number for each label. Labels outside
  /// 0 ..< C count as nothing.
  ///
  /// - Parameter labels: of the logits' shape without the last axis.
  public func softmaxCrossEntropy(
    labels: Tensor, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let site = Site(file: file, line: line)
    guard rank > 0, labels.shape == Shape(shape.sizes.dropLast()) else {
      return Tensor.fail(
        "logits \(shape) need labels of \(Shape(shape.sizes.dropLast())); received \(labels.shape)",
        [self, labels], site: site, shape: labels.shape)
    }
    guard !labels.dtype.isFloatingPoint else {
      return Tensor.fail(
        "class labels are whole numbers; received \(labels.dtype). Cast them to int32, or pass one-hot labels of "
          + "the logits' shape", [self, labels], site: site, shape: labels.shape)
    }
    return Tensor.record(
      .softmaxCrossEntropy, [self, labels.cast(to: .int32)], shape: labels.shape, site: site)
  }
}

/// The derivatives of softmax and of its cross-entropy.
enum Softmax {
  static func derivative(logarithm: Bool, _ d: Differential) -> [Tensor?] {
    if logarithm { return [d.dy - d.y.exp() * d.dy.sum(axes: -1, keepDims: true)] }
    return [d.y * (d.dy - (d.dy * d.y).sum(axes: -1, keepDims: true))]
  }

  static func derivativeOfCrossEntropy(_ d: Differential) -> [Tensor?] {
    let logits = d.operands[0]
    return [
      Tensor.record(
        .softmaxCrossEntropyBackward, [logits, d.operands[1], d.dy], shape: logits.shape), nil,
    ]
  }

  /// The backward pass is g * (softmax(z) - onehot) in logits z and loss gradients g; differentiated as that.
  static func derivativeOfCrossEntropyBackward(_ d: Differential) -> [Tensor?] {
    let (logits, labels, g) = (d.operands[0], d.operands[1], d.operands[2])
    let classes = logits.shape[-1]
    let isLabel = ((labels >= 0) .&& (labels < Tensor(Int32(classes)))).cast(to: .float32)
    let probabilities = logits.softmax()
    let difference = (probabilities - labels.oneHot(classes)) * isLabel.expandedDims(at: -1)
    let weighted = d.dy * g.expandedDims(at: -1) * isLabel.expandedDims(at: -1)
    let dlogits = probabilities * (weighted - (weighted * probabilities).sum(axes: -1, keepDims: true))
    return [dlogits, nil, (d.dy * difference).sum(axes: -1)]
  }
}
