import MartletData
import MartletLayers

/// A recipe of training: what a batch gives a network, how far its outputs are from the truth.
public protocol TrainingTask: Sendable {
  /// What the pictures of a data set have to come with.
  var supervision: Supervision { get }
  /// The names of what is measured besides the loss, in the order of `BatchResult.measures`. The first is the accuracy.
  var measures: [String] { get }
  /// How many outputs a network needs for data of a number of classes.
  func outputs(classes: Int) -> Int
  /// One optimizer step on a batch; none where the loss is not finite.
  func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  /// The same measures without a step, in the inference phase.
  func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult
}

extension TrainingTask {
  public var supervision: Supervision { .labels }
  public var measures: [String] { ["accuracy"] }
  public func outputs(classes: Int) -> Int { classes }
}

/// What a task learns from besides the pictures themselves.
public enum Supervision: Sendable {
  case nothing
  /// The class of each picture.
  case labels
  /// The class of each pixel: 0 for the ground, 1 + class for what is on it.
  case masks
}

/// Measures of one batch, or of many together.
public struct BatchResult: Sendable, Equatable, Codable {
  /// The sum of the samples' losses.
  public var lossSum: Double
  /// The sums of the task's measures over the samples, in the order of their names.
  public var measureSums: [Double]
  public var count: Int

  public init(lossSum: Double = 0, measureSums: [Double] = [], count: Int = 0) {
    self.lossSum = lossSum
    self.measureSums = measureSums
    self.count = count
  }

  public var loss: Double { count == 0 ? 0 : lossSum / Double(count) }
  /// The means of the task's measures, in the order of their names.
  public var measures: [Double] { measureSums.map { count == 0 ? 0 : $0 / Double(count) } }
  /// The share of what the network got right.
  public var accuracy: Double { measures.first ?? 0 }

  public static func += (a: inout BatchResult, b: BatchResult) {
    a.lossSum += b.lossSum
    // A result without measures is one of no samples.
    if a.measureSums.isEmpty || b.measureSums.isEmpty {
      a.measureSums += b.measureSums
    } else {
      a.measureSums = zip(a.measureSums, b.measureSums).map { $0 + $1 }
    }
    a.count += b.count
  }
}
