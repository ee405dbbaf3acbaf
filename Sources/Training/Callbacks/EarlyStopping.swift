/// Ends training after a number of epochs in which the monitored quantity got no better. The weights stay those of the
/// last epoch; `BestWeights` keeps the best ones.
public struct EarlyStopping: Callback {
  /// Nil for what the task tells epochs apart by.
  public let monitor: Monitor?
  public let patience: Int
  /// How much better an epoch must be to count as better.
  public let minDelta: Double

  public init(monitor: Monitor? = nil, patience: Int, minDelta: Double = 0) {
    precondition(patience > 0, "patience is at least one epoch; received \(patience)")
    precondition(minDelta >= 0, "an improvement is not negative; received \(minDelta)")
    self.monitor = monitor
    self.patience = patience
    self.minDelta = minDelta
  }

  public func receive(_ event: TrainingEvent, from training: Training) {
    switch event {
    case .began, .epochEnded: if hasStalled(training) { training.stop() }
    default: break
    }
  }

  private func hasStalled(_ training: Training) -> Bool {
    let state = training.state
    // An epoch that was cut short goes on.
    guard state.batch == 0, let last = state.history.last,
      let best = (monitor ?? training.task.monitor).best(of: state.history, by: minDelta)
    else { return false }
    return last.epoch - best.epoch >= patience
  }
}
