/// The mean of squared differences, over all elements.
public func meanSquaredError(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor { squaredErrors(predictions, targets, file: file, line: line).mean() }

/// The squared difference of each element.
public func squaredErrors(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor { difference(predictions, targets, file, line).squared() }

/// The mean of absolute differences, over all elements.
public func meanAbsoluteError(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor { absoluteErrors(predictions, targets, file: file, line: line).mean() }

/// The absolute difference of each element.
public func absoluteErrors(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor { difference(predictions, targets, file, line).abs() }

/// The mean of Huber's errors, over all elements: squares near zero and straight lines beyond `delta` (Huber 1964,
/// *Robust estimation of a location parameter*).
public func huberError(
  _ predictions: Tensor, _ targets: Tensor, delta: Float = 1, file: StaticString = #fileID,
  line: Int = #line
) -> Tensor { huberErrors(predictions, targets, delta: delta, file: file, line: line).mean() }

/// Huber's error of each element: d² / 2 for differences d up to `delta`, delta * (|d| - delta / 2) beyond.
public func huberErrors(
  _ predictions: Tensor, _ targets: Tensor, delta: Float = 1, file: StaticString = #fileID,
  line: Int = #line
) -> Tensor {
  let distance = difference(predictions, targets, file, line).abs()
  let near = minimum(distance, Tensor(delta))
  return near * (distance - near * 0.5)
}

/// The mean of max(1 - target * prediction, 0), over all elements, for targets -1 and 1; 0 counts as -1, as in Keras.
public func hingeError(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor { hingeErrors(predictions, targets, file: file, line: line).mean() }

/// The hinge error of each element.
public func hingeErrors(
  _ predictions: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  guard predictions.shape == targets.shape else {
    return mismatch(predictions, targets, file, line)
  }
  let signs = Tensor(-1).where(targets .== 0, else: targets)
  return (1 - signs * predictions).relu()
}

private func difference(
  _ predictions: Tensor, _ targets: Tensor, _ file: StaticString, _ line: Int
) -> Tensor {
  predictions.shape == targets.shape ? predictions - targets : mismatch(predictions, targets, file, line)
}

private func mismatch(_ predictions: Tensor, _ targets: Tensor, _ file: StaticString, _ line: Int) -> Tensor {
  predictions.failing(
    "predictions \(predictions.shape) need targets of that shape; received \(targets.shape)", file: file,
    line: line)
}
