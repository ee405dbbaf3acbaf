/// The mean cross-entropy between softmax(logits) and labels, over all samples.
///
/// - Parameters:
///   - logits: (..., C), before softmax.
///   - labels: whole class numbers of shape (...), or probabilities of the logits' shape.
///   - labelSmoothing: how much of each label is spread evenly over the classes.
public func softmaxCrossEntropy(
  logits: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  softmaxCrossEntropies(
    logits: logits, labels: labels, labelSmoothing: labelSmoothing, file: file, line: line
  )
  .mean()
}

/// The cross-entropy of each sample.
public func softmaxCrossEntropies(
  logits: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  if labels.shape == logits.shape && labels.dtype.isFloatingPoint {
    let classes = Float(max(1, logits.shape[-1]))
    let targets = labelSmoothing == 0 ? labels : labels * (1 - labelSmoothing) + labelSmoothing / classes
    return -(targets * logits.logSoftmax(file: file, line: line)).sum(axes: -1)
  }
  if labelSmoothing != 0 && labels.rank == logits.rank - 1 {
    return softmaxCrossEntropies(
      logits: logits, labels: labels.oneHot(logits.shape[-1]), labelSmoothing: labelSmoothing, file: file,
      line: line)
  }
  return logits.softmaxCrossEntropy(labels: labels, file: file, line: line)
}

/// The mean cross-entropy between sigmoid(logits) and labels in 0 ... 1, over all elements.
public func sigmoidCrossEntropy(
  logits: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  sigmoidCrossEntropies(
    logits: logits, labels: labels, labelSmoothing: labelSmoothing, file: file, line: line
  )
  .mean()
}

/// The cross-entropy of each element, exact for large logits too: max(z, 0) - z * label + log(1 + exp(-|z|)).
public func sigmoidCrossEntropies(
  logits: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  guard logits.shape.broadcast(with: labels.shape) == logits.shape else {
    return logits.failing(
      "logits \(logits.shape) need labels of that shape; received \(labels.shape)", file: file, line: line)
  }
  let numbers = labels.cast(to: .float32)
  let targets = labelSmoothing == 0 ? numbers : numbers * (1 - labelSmoothing) + 0.5 * labelSmoothing
  return maximum(logits, 0) - logits * targets + ((-logits.abs()).exp() + 1).log()
}

// MARK: - Of probabilities

/// The mean cross-entropy between probabilities and labels, over all samples. From logits, `softmaxCrossEntropy` is
/// exact where this one is not.
///
/// - Parameters:
///   - probabilities: (..., C), which are divided by their sum and kept 1e-7 away from 0 and 1, as in Keras.
///   - labels: whole class numbers of shape (...), or probabilities of the same shape.
public func crossEntropy(
  probabilities: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID,
  line: Int = #line
) -> Tensor {
  crossEntropies(
    probabilities: probabilities, labels: labels, labelSmoothing: labelSmoothing, file: file, line: line
  ).mean()
}

/// The cross-entropy of each sample.
public func crossEntropies(
  probabilities: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID,
  line: Int = #line
) -> Tensor {
  let classes = max(1, probabilities.rank == 0 ? 0 : probabilities.shape[-1])
  let areClasses = labels.rank == probabilities.rank - 1 && !labels.dtype.isFloatingPoint
  let targets = areClasses ? labels.oneHot(classes) : labels
  guard probabilities.rank > 0, targets.shape == probabilities.shape else {
    return probabilities.failing(
      "probabilities \(probabilities.shape) need whole class numbers without the last axis, or labels of that shape; "
        + "received \(labels.shape) \(labels.dtype)", file: file, line: line)
  }
  let smooth =
    labelSmoothing == 0 ? targets : targets * (1 - labelSmoothing) + labelSmoothing / Float(classes)
  let normalized = probabilities / probabilities.sum(axes: -1, keepDims: true)
  return -(smooth * normalized.clipped(1e-7, 1 - 1e-7).log()).sum(axes: -1)
}

/// The mean cross-entropy between probabilities of "yes" and labels in 0 ... 1, over all elements. From logits,
/// `sigmoidCrossEntropy` is exact where this one is not.
public func binaryCrossEntropy(
  probabilities: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID,
  line: Int = #line
) -> Tensor {
  binaryCrossEntropies(
    probabilities: probabilities, labels: labels, labelSmoothing: labelSmoothing, file: file, line: line
  ).mean()
}

/// The cross-entropy of each element; probabilities are kept 1e-7 away from 0 and 1, as in Keras.
public func binaryCrossEntropies(
  probabilities: Tensor, labels: Tensor, labelSmoothing: Float = 0, file: StaticString = #fileID,
  line: Int = #line
) -> Tensor {
  guard probabilities.shape == labels.shape else {
    return probabilities.failing(
      "probabilities \(probabilities.shape) need labels of that shape; received \(labels.shape)", file: file,
      line: line)
  }
  let numbers = labels.cast(to: .float32)
  let targets = labelSmoothing == 0 ? numbers : numbers * (1 - labelSmoothing) + 0.5 * labelSmoothing
  let p = probabilities.clipped(1e-7, 1 - 1e-7)
  return -(targets * p.log() + (1 - targets) * (1 - p).log())
}

/// The mean Kullback-Leibler divergence Σ t log(t / p) of probabilities p from target probabilities t, over all
/// samples.
public func divergence(
  probabilities: Tensor, targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  divergences(probabilities: probabilities, targets: targets, file: file, line: line).mean()
}

/// The divergence of each sample (..., C); both are kept 1e-7 away from 0, as in Keras.
public func divergences(
  probabilities: Tensor, targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  guard probabilities.rank > 0, probabilities.shape == targets.shape else {
    return probabilities.failing(
      "probabilities \(probabilities.shape) need targets of that shape; received \(targets.shape)",
      file: file,
      line: line)
  }
  let t = targets.clipped(1e-7, 1)
  return (t * (t / probabilities.clipped(1e-7, 1)).log()).sum(axes: -1)
}
