import MartletData
import MartletLayers

/// Something that listens to training, and may steer it: `training.stop()`, the optimizer's rate, the model itself.
///
/// A callback that decides by what happened before should read it from `training.state.history`, so that a run that was
/// broken off and goes on decides as one that was not.
///
/// ```swift
/// struct Logbook: Callback {
///   func receive(_ event: TrainingEvent, from training: Training) throws {
///     if case .epochEnded(let record) = event { print(record.epoch, record.training.loss) }
///   }
/// }
/// try model.fit(train, epochs: 5, optimizer: Adam(), callbacks: [ProgressBar(), Logbook()])
/// ```
public protocol Callback {
  /// - Throws: what ends training.
  func receive(_ event: TrainingEvent, from training: Training) throws
}

/// What a training run tells while it goes on, each time with the state that it would go on from.
public enum TrainingEvent {
  /// Before the first epoch, also of a run that goes on.
  case began
  /// `steps` is how many batches of the epoch there will have been at its end.
  case epochBegan(steps: Int)
  /// After each step, with what was measured in it.
  case stepped(BatchResult)
  /// The epoch's record stands at the end of the history already.
  case epochEnded(EpochRecord)
  /// After the last epoch, whatever the reason.
  case ended
}

/// A training run as its callbacks see it.
public final class Training {
  public let model: any Layer
  public let optimizer: any Optimizer
  public let task: any TrainingTask
  /// How many epochs there will be unless something ends training before.
  public let epochs: Int
  /// What is measured after every epoch; nil before the first one ends, and where there is none.
  public internal(set) var validation: Dataset?
  /// How far training is; see `Checkpoint`.
  public internal(set) var state: TrainingState
  /// Whether somebody asked to stop.
  public private(set) var isStopping = false

  init(
    _ model: any Layer, _ optimizer: any Optimizer, _ task: any TrainingTask, epochs: Int,
    from state: TrainingState
  ) {
    self.model = model
    self.optimizer = optimizer
    self.task = task
    self.epochs = epochs
    self.state = state
  }

  /// Ends training after the present step; the epoch gets its record.
  public func stop() { isStopping = true }
}

/// A closure that listens.
///
/// ```swift
/// Listener { event, training in if case .stepped = event, training.state.steps == 100 { training.stop() } }
/// ```
public struct Listener: Callback {
  private let body: (TrainingEvent, Training) throws -> Void
  public init(_ body: @escaping (TrainingEvent, Training) throws -> Void) { self.body = body }
  public func receive(_ event: TrainingEvent, from training: Training) throws { try body(event, training) }
}
