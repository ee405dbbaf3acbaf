import MartletData
import MartletLayers

/// A recipe of training: what a batch gives a network, how far its outputs are from the truth.
public protocol TrainingTask: Sendable {
  /// What the pictures of a data set have to come with.
  var supervision: Supervision { get }
  /// How many outputs a network needs for data of a number of classes.
  func outputs(classes: Int) -> Int
  /// The task with what it learns from the training data before it first measures; itself where that is nothing.
  func prepared(with data: @autoclosure () throws -> Dataset) throws -> any TrainingTask
  /// What tells a good epoch from a bad one, where a callback is not told another quantity.
  var monitor: Monitor { get }
  /// One optimizer step on a batch; none where the loss is not finite.
  func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  /// The same measures without a step, in the inference phase.
  func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult
  /// What there is to see of a batch, as TensorBoard and `PictureFiles` show it; nothing where a task does not say. It
  /// changes neither the model nor the random keys of the context.
  func pictures(_ model: any Layer, of batch: Batch, classNames: [String]) throws -> [TaskPicture]
}

extension TrainingTask {
  public var supervision: Supervision { .labels }
  public func outputs(classes: Int) -> Int { classes }
  public func prepared(with data: @autoclosure () throws -> Dataset) throws -> any TrainingTask { self }
  public var monitor: Monitor { .validationLoss }
}

/// What a task learns from besides the pictures themselves.
public enum Supervision: Sendable {
  case nothing
  /// The class of each picture.
  case labels
  /// The class of each pixel: 0 for the ground, 1 + class for what is on it.
  case masks
}
