/// How far outputs are from the truth, under Keras's names.
///
/// ```swift
/// let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)
/// loss(model(images), labels)                // the mean over the batch
/// loss.perSample(model(images), labels)      // (N)
/// ```
/// Losses of classes take probabilities, as in Keras, or logits with `fromLogits: true`, which is exact where
/// probabilities underflow. One where the other belongs is an error, wherever the scope shows how the outputs were made.
public enum Loss: Sendable {
  /// Of outputs (..., C) and whole class numbers (...).
  case sparseCategoricalCrossentropy(fromLogits: Bool = false)
  /// Of outputs (..., C) and probabilities of that shape. `labelSmoothing` is how much of each label is spread evenly
  /// over the classes.
  case categoricalCrossentropy(fromLogits: Bool = false, labelSmoothing: Float = 0)
  /// Of outputs (..., k), each the answer to a question, and labels in 0 ... 1 of that shape.
  case binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Float = 0)
  /// Σ t log(t / p) of probabilities p (..., C) and target probabilities t; both are kept 1e-7 away from 0.
  case klDivergence
  case meanSquaredError
  case meanAbsoluteError
  /// 100 |t - y| / |t|, as in Keras.
  case meanAbsolutePercentageError
  /// The squared difference of log(1 + y) and log(1 + t); numbers below 0 count as 0.
  case meanSquaredLogarithmicError
  /// d² / 2 for differences d up to `delta`, delta * (|d| - delta / 2) beyond (Huber 1964, *Robust estimation of a
  /// location parameter*).
  case huber(delta: Float = 1)
  /// log(cosh(y - t)): like squares near zero and like distances far away.
  case logCosh
  /// max(1 - t y, 0) for targets -1 and 1; 0 counts as -1, as in Keras.
  case hinge
  case squaredHinge
  /// y - t log(y), for counts t.
  case poisson
  /// Minus the cosine between outputs and targets along the last axis: -1 where they point the same way.
  case cosineSimilarity
  /// Of logits (N, H, W, C) and the classes of pixels (N, H, W): with a class that does not count, weights of classes and
  /// the overlap of Dice.
  case pixels(PixelLoss)
  /// One of one's own: one number for each sample of outputs and targets.
  case custom(String, @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor)

  /// The loss of each sample: (N) for outputs (N, C), and (N, H, W) for outputs (N, H, W, C).
  public func perSample(
    _ outputs: Tensor, _ targets: Tensor, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let targets = aligned(targets, with: outputs)
    if let problem = problem(outputs, targets) { return outputs.failing(problem, file: file, line: line) }
    return losses(outputs, targets)
  }

  /// Numbers (N) are the targets of outputs (N, 1).
  private func aligned(_ targets: Tensor, with outputs: Tensor) -> Tensor {
    switch self {
    case .sparseCategoricalCrossentropy, .pixels: return targets
    default: break
    }
    guard outputs.rank == targets.rank + 1, outputs.shape[-1] == 1 else { return targets }
    return targets.expandedDims(at: -1)
  }

  /// The mean of the samples' losses.
  ///
  /// - Parameter sampleWeights: (N), what each sample's loss is multiplied by. The mean is over the number of samples, as
  ///   in Keras, not over the sum of their weights.
  public func callAsFunction(
    _ outputs: Tensor, _ targets: Tensor, sampleWeights: Tensor? = nil, file: StaticString = #fileID,
    line: Int = #line
  ) -> Tensor {
    let losses = perSample(outputs, targets, file: file, line: line)
    guard let weights = sampleWeights else { return losses.mean() }
    guard weights.rank == 1, losses.rank > 0, weights.shape[0] == losses.shape[0] else {
      return losses.failing(
        "there is one weight for each sample; received weights \(weights.shape) for losses \(losses.shape)",
        file: file, line: line)
    }
    let column = [weights.count] + [Int](repeating: 1, count: losses.rank - 1)
    return (losses * weights.reshaped(column)).mean()
  }

  /// Whether outputs are numbers before softmax or sigmoid; nil for losses that do not ask.
  public var fromLogits: Bool? {
    switch self {
    case .sparseCategoricalCrossentropy(let fromLogits), .categoricalCrossentropy(let fromLogits, _),
      .binaryCrossentropy(let fromLogits, _):
      fromLogits
    case .pixels: true
    case .klDivergence: false
    default: nil
    }
  }

  /// The probabilities that outputs of a network with this loss stand for.
  public func probabilities(of outputs: Tensor) -> Tensor {
    fromLogits == true ? squashing(outputs) : outputs
  }

  /// What makes probabilities of logits.
  private var squashing: ActivationFunction {
    if case .binaryCrossentropy = self { return .sigmoid }
    return .softmax
  }
}

// MARK: - Formulas

extension Loss {
  private func losses(_ y: Tensor, _ t: Tensor) -> Tensor {
    switch self {
    case .sparseCategoricalCrossentropy(fromLogits: true): y.softmaxCrossEntropy(labels: t)
    case .sparseCategoricalCrossentropy: Self.crossEntropy(y, t.oneHot(y.shape[-1]))
    case .categoricalCrossentropy(fromLogits: true, let smoothing):
      -(Self.smoothed(t, smoothing, over: y.shape[-1]) * y.logSoftmax()).sum(axes: -1)
    case .categoricalCrossentropy(_, let smoothing):
      Self.crossEntropy(y, Self.smoothed(t, smoothing, over: y.shape[-1]))
    case .binaryCrossentropy(let fromLogits, let smoothing):
      Self.binaryCrossEntropy(y, Self.smoothed(t.cast(to: .float32), smoothing, over: 2), fromLogits)
        .mean(axes: -1)
    case .klDivergence: Self.divergence(y, t.clipped(1e-7, 1))
    case .meanSquaredError: (y - t).squared().mean(axes: -1)
    case .meanAbsoluteError: (y - t).abs().mean(axes: -1)
    case .meanAbsolutePercentageError: (((y - t) / maximum(t.abs(), 1e-7)).abs() * 100).mean(axes: -1)
    case .meanSquaredLogarithmicError:
      ((maximum(y, 1e-7) + 1).log() - (maximum(t, 1e-7) + 1).log()).squared().mean(axes: -1)
    case .huber(let delta): Self.huber((y - t).abs(), delta).mean(axes: -1)
    case .logCosh: Self.logCosh((y - t).abs()).mean(axes: -1)
    case .hinge: Self.hinge(y, t).mean(axes: -1)
    case .squaredHinge: Self.hinge(y, t).squared().mean(axes: -1)
    case .poisson: (y - t * (y + 1e-7).log()).mean(axes: -1)
    case .cosineSimilarity: -(Self.normalized(y) * Self.normalized(t)).sum(axes: -1)
    case .pixels(let loss): loss.perSample(y, t)
    case .custom(_, let body): body(y, t)
    }
  }

  private static func smoothed(_ labels: Tensor, _ smoothing: Float, over classes: Int) -> Tensor {
    smoothing == 0 ? labels : labels * (1 - smoothing) + smoothing / Float(classes)
  }

  /// Probabilities are divided by their sum and kept 1e-7 away from 0 and 1, as in Keras.
  private static func crossEntropy(_ y: Tensor, _ t: Tensor) -> Tensor {
    -(t * (y / y.sum(axes: -1, keepDims: true)).clipped(1e-7, 1 - 1e-7).log()).sum(axes: -1)
  }

  /// From logits max(y, 0) - y t + log(1 + exp(-|y|)), which is exact for large ones too.
  private static func binaryCrossEntropy(_ y: Tensor, _ t: Tensor, _ fromLogits: Bool) -> Tensor {
    if fromLogits { return maximum(y, 0) - y * t + ((-y.abs()).exp() + 1).log() }
    let p = y.clipped(1e-7, 1 - 1e-7)
    return -(t * p.log() + (1 - t) * (1 - p).log())
  }

  private static func divergence(_ y: Tensor, _ t: Tensor) -> Tensor {
    (t * (t / y.clipped(1e-7, 1)).log()).sum(axes: -1)
  }

  private static func huber(_ distance: Tensor, _ delta: Float) -> Tensor {
    let near = minimum(distance, Tensor(delta))
    return near * (distance - near * 0.5)
  }

  /// d + log(1 + exp(-2 d)) - log 2, which does not overflow.
  private static func logCosh(_ distance: Tensor) -> Tensor {
    distance + ((distance * -2).exp() + 1).log() - 0.693_147_180_6
  }

  private static func hinge(_ y: Tensor, _ t: Tensor) -> Tensor {
    (1 - Tensor(-1).where(t .== 0, else: t) * y).relu()
  }

  private static func normalized(_ x: Tensor) -> Tensor {
    x / maximum(x.squared().sum(axes: -1, keepDims: true), 1e-14).squareRoot()
  }
}

// MARK: - What does not fit

extension Loss {
  private func problem(_ outputs: Tensor, _ targets: Tensor) -> String? {
    switch self {
    case .custom: return nil
    case .sparseCategoricalCrossentropy, .pixels:
      guard outputs.rank > 0, targets.shape == Shape(outputs.shape.sizes.dropLast()),
        !targets.dtype.isFloatingPoint
      else {
        return "\(self) takes whole class numbers \(Shape(outputs.shape.sizes.dropLast())) for outputs "
          + "\(outputs.shape); received \(targets.shape) \(targets.dtype). Probabilities of the outputs' shape are "
          + "for .categoricalCrossentropy"
      }
      if case .pixels(let loss) = self, let refusal = loss.refusal(of: outputs) { return refusal }
    default:
      guard outputs.rank > 0, outputs.shape == targets.shape else {
        return "\(self) takes targets of the outputs' shape \(outputs.shape); received \(targets.shape)"
          + (targets.shape == Shape(outputs.shape.sizes.dropLast())
            ? ". Class numbers are for .sparseCategoricalCrossentropy" : "")
      }
    }
    return refusal(of: outputs)
  }

  /// Why the network's last activation is not what the loss is for.
  private func refusal(of outputs: Tensor) -> String? {
    guard let fromLogits, let last = outputs.lastActivation else { return nil }
    let place = last.layer ?? "the network"
    let other = taking(logits: !fromLogits).map { ", or take \($0)" } ?? ""
    switch (last.function, fromLogits) {
    case (.softmax, true), (.sigmoid, true):
      return
        "\(place) ends in \(last.function), and \(self) takes the numbers before it: leave out activation: "
        + ".\(last.function) there\(other)"
    case (.linear, false):
      return "\(place) ends in no activation, and \(self) takes probabilities: add activation: \(squashing) "
        + "there\(other)"
    default: return nil
    }
  }

  /// The same loss of other outputs; nil where there is none.
  private func taking(logits: Bool) -> Loss? {
    switch self {
    case .sparseCategoricalCrossentropy: .sparseCategoricalCrossentropy(fromLogits: logits)
    case .categoricalCrossentropy(_, let smoothing):
      .categoricalCrossentropy(fromLogits: logits, labelSmoothing: smoothing)
    case .binaryCrossentropy(_, let smoothing):
      .binaryCrossentropy(fromLogits: logits, labelSmoothing: smoothing)
    default: nil
    }
  }
}

extension Loss: CustomStringConvertible {
  /// As it is written in a program.
  public var description: String {
    switch self {
    case .sparseCategoricalCrossentropy(let fromLogits):
      Self.text("sparseCategoricalCrossentropy", fromLogits: fromLogits)
    case .categoricalCrossentropy(let fromLogits, let smoothing):
      Self.text("categoricalCrossentropy", fromLogits: fromLogits, smoothing)
    case .binaryCrossentropy(let fromLogits, let smoothing):
      Self.text("binaryCrossentropy", fromLogits: fromLogits, smoothing)
    case .huber(let delta): ConstructorText(".huber").adding("delta", delta, unless: 1).text
    case .pixels(let loss): ".pixels(\(loss))"
    case .custom(let name, _): name
    case .klDivergence: ".klDivergence"
    case .meanSquaredError: ".meanSquaredError"
    case .meanAbsoluteError: ".meanAbsoluteError"
    case .meanAbsolutePercentageError: ".meanAbsolutePercentageError"
    case .meanSquaredLogarithmicError: ".meanSquaredLogarithmicError"
    case .logCosh: ".logCosh"
    case .hinge: ".hinge"
    case .squaredHinge: ".squaredHinge"
    case .poisson: ".poisson"
    case .cosineSimilarity: ".cosineSimilarity"
    }
  }

  private static func text(_ name: String, fromLogits: Bool, _ smoothing: Float = 0) -> String {
    ConstructorText(".\(name)").adding("fromLogits", fromLogits).adding(
      "labelSmoothing", smoothing, unless: 0
    ).text
  }
}

// MARK: - Functions

/// The mean cross-entropy between softmax(logits) and labels: whole class numbers (...) for logits (..., C), or
/// probabilities of the logits' shape.
public func softmaxCrossEntropy(
  logits: Tensor, labels: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  let loss: Loss =
    labels.dtype.isFloatingPoint
    ? .categoricalCrossentropy(fromLogits: true) : .sparseCategoricalCrossentropy(fromLogits: true)
  return loss(logits, labels, file: file, line: line)
}

/// The mean cross-entropy between sigmoid(logits) and labels in 0 ... 1 of the same shape.
public func sigmoidCrossEntropy(
  logits: Tensor, labels: Tensor, file: StaticString = #fileID, line: Int = #line
) -> Tensor { Loss.binaryCrossentropy(fromLogits: true)(logits, labels, file: file, line: line) }
