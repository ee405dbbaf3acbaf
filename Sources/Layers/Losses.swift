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

/// The mean of squared differences, over all elements.
public func meanSquaredError(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  guard predictions.shape == targets.shape else {
    return predictions.failing(
      "predictions \(predictions.shape) need targets of that shape; received \(targets.shape)", file: file,
      line: line)
  }
  return (predictions - targets).squared().mean()
}
