/// Chooses the learning rate of each epoch, as Keras's callback of this name.
///
/// ```swift
/// LearningRateScheduler { epoch in epoch <= 10 ? 1e-3 : 1e-4 }
/// ```
public struct LearningRateScheduler: Callback {
  private let rate: (_ epoch: Int) -> Float

  /// - Parameter rate: a pure function of the epoch, from 1.
  public init(_ rate: @escaping (_ epoch: Int) -> Float) { self.rate = rate }

  public func receive(_ event: TrainingEvent, from training: Training) {
    if case .epochBegan = event { training.optimizer.learningRate = rate(training.state.epoch) }
  }
}
