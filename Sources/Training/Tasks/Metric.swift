import MartletLayers

/// Something to measure of a network's outputs besides the loss, recorded with the step that makes them.
///
/// ```swift
/// Classification(metrics: [.accuracy, .topKAccuracy(5), .f1])
/// ```
public struct Metric: Sendable {
  public let name: String
  let formula: Measure.Formula
  /// Sums that add up from batch to batch, (k), and for means how many numbers are in them.
  let record: @Sendable (_ outputs: Tensor, _ targets: Tensor) -> (sums: Tensor, count: Int)

  private init(
    _ name: String, _ formula: Measure.Formula,
    record: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> (sums: Tensor, count: Int)
  ) {
    self.name = name
    self.formula = formula
    self.record = record
  }

  /// The mean of a number for each sample, or for each element.
  ///
  /// ```swift
  /// Metric("degrees") { outputs, targets in (outputs - targets).abs() * 180 }
  /// ```
  public init(_ name: String, each: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor) {
    self.init(name, .mean, each: each)
  }

  private init(
    _ name: String, _ formula: Measure.Formula,
    each: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  ) {
    self.init(name, formula) { outputs, targets in
      let values = each(outputs, targets)
      return (values.cast(to: .float32).sum(), values.count)
    }
  }

  /// A loss as a measure.
  public init(_ name: String, _ loss: Loss) { self.init(name) { loss.perSample($0, $1) } }

  /// The quantity for outputs and targets that are all there is.
  ///
  /// - Throws: `ShapeError` for outputs and targets that do not fit.
  public func value(of outputs: Tensor, _ targets: Tensor) throws -> Double {
    try measure(outputs, targets).value
  }

  func measure(_ outputs: Tensor, _ targets: Tensor) throws -> Measure {
    var count = 0
    let sums = try compute { () -> Tensor in
      let recorded = record(outputs, targets)
      count = recorded.count
      return recorded.sums
    }
    return try measure(sums, count)
  }

  /// What was recorded of one batch.
  func measure(_ sums: Tensor, _ count: Int) throws -> Measure {
    let sums = try sums.elements(as: Float.self).map(Double.init)
    switch formula {
    case .mean, .rootOfMean: return Measure(name, formula, sums: sums + [Double(count)])
    case .precision, .recall, .f1, .recallOfAll, .meanIoU, .frechetDistance:
      return Measure(name, formula, sums: sums)
    }
  }
}

extension Metric {
  /// The share of the samples, or pixels, whose highest output is that of their class.
  public static var accuracy: Metric {
    Metric("accuracy") { outputs, targets in
      guard outputs.rank > 0, outputs.shape[-1] > 1 else {
        return outputs.failing(
          "accuracy compares two outputs or more; received \(outputs.shape). For yes or no take "
            + ".binaryAccuracy(threshold: 0) of logits, or 0.5 of probabilities", file: #fileID, line: #line)
      }
      return outputs.argmax(axis: -1) .== classes(targets, outputs)
    }
  }

  /// The share of the answers on the right side of a threshold: 0.5 for probabilities, 0 for logits.
  public static func binaryAccuracy(threshold: Float = 0.5) -> Metric {
    Metric("accuracy") { outputs, targets in
      (outputs > Tensor(threshold)) .== (targets.reshaped(outputs.shape.sizes) > 0.5)
    }
  }

  /// The share of the samples whose class is among the k highest outputs: fewer than k are higher.
  public static func topKAccuracy(_ k: Int) -> Metric {
    precondition(k > 0, "k is at least 1; received \(k)")
    return Metric("top \(k) accuracy") { outputs, targets in
      let own = outputs.gathered(alongLastAxis: classes(targets, outputs).expandedDims(at: -1))
      let higher = (outputs > own).cast(to: .float32).sum(axes: -1, keepDims: true)
      // Nothing is higher than NaN, which is no output at all.
      return (higher < Tensor(Float(k))) .&& (own .== own)
    }
  }

  /// Of the samples taken for a class the share that is of it; the mean over the classes, as the next two.
  public static var precision: Metric { ofClasses("precision", .precision) }
  /// Of the samples of a class the share that was taken for it.
  public static var recall: Metric { ofClasses("recall", .recall) }
  /// The harmonic mean of precision and recall.
  public static var f1: Metric { ofClasses("f1", .f1) }

  public static var meanSquaredError: Metric { Metric("mean squared error", .meanSquaredError) }
  public static var meanAbsoluteError: Metric { Metric("mean absolute error", .meanAbsoluteError) }
  public static var rootMeanSquaredError: Metric {
    Metric("root mean squared error", .rootOfMean, each: { Loss.meanSquaredError.perSample($0, $1) })
  }

  /// How much of what is of a class or taken for it is both; the mean over the classes. Keras's `MeanIoU`.
  ///
  /// - Parameter ignoreClass: what counts nowhere, as do numbers that are no class.
  public static func meanIoU(ignoreClass: Int? = nil) -> Metric {
    ofClasses("mean IoU", .meanIoU, ignoreClass: ignoreClass)
  }

  /// The share of the pixels that are right, without those of a class.
  public static func accuracy(ignoreClass: Int) -> Metric {
    ofClasses("accuracy", .recallOfAll, ignoreClass: ignoreClass)
  }

  private static func ofClasses(
    _ name: String, _ formula: Measure.Formula, ignoreClass: Int? = nil
  ) -> Metric {
    Metric(name, formula) { outputs, targets -> (sums: Tensor, count: Int) in
      let count = outputs.shape[-1]
      let truth = classes(targets, outputs).ignoring(ignoreClass).reshaped(-1).oneHot(count)
      let isCounted = truth.sum(axes: -1, keepDims: true)
      let taken = outputs.argmax(axis: -1).reshaped(-1).oneHot(count) * isCounted
      return (.concatenated([truth * taken, taken, truth].map { $0.sum(axes: 0) }), outputs.count)
    }
  }

  /// Class numbers, also of probabilities.
  private static func classes(_ targets: Tensor, _ outputs: Tensor) -> Tensor {
    targets.dtype.isFloatingPoint && targets.shape == outputs.shape
      ? targets.argmax(axis: -1) : targets.cast(to: .int32)
  }
}
