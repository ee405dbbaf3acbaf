/// Multiplies the learning rate by a factor whenever the monitored quantity got no better for a number of epochs, on top
/// of the optimizer's schedule; Keras's `ReduceLROnPlateau` with its defaults.
public struct ReduceLearningRateOnPlateau: Callback {
  public var factor: Float
  public var patience: Int
  public var minDelta: Double
  /// Epochs after a reduction in which none is counted as bad.
  public var cooldown: Int
  public var minimumLearningRate: Float
  /// Nil for what the task tells epochs apart by.
  public var monitor: Monitor?

  public init(
    monitor: Monitor? = nil, factor: Float = 0.1, patience: Int = 10, minDelta: Double = 1e-4,
    cooldown: Int = 0, minimumLearningRate: Float = 0
  ) {
    precondition(
      factor > 0 && factor < 1, "a rate is reduced by a factor between 0 and 1; received \(factor)")
    precondition(patience > 0, "patience is at least one epoch; received \(patience)")
    precondition(minDelta >= 0 && cooldown >= 0, "received minDelta \(minDelta), cooldown \(cooldown)")
    self.monitor = monitor
    self.factor = factor
    self.patience = patience
    self.minDelta = minDelta
    self.cooldown = cooldown
    self.minimumLearningRate = minimumLearningRate
  }

  public func receive(_ event: TrainingEvent, from training: Training) {
    guard case .epochEnded = event, training.state.batch == 0 else { return }
    let optimizer = training.optimizer
    let scheduled = optimizer.learningRate.rate(at: optimizer.steps)
    let count = reductions(in: training.state.history, of: monitor ?? training.task.monitor)
    let reduced = (0..<count).reduce(Float(1)) { result, _ in result * factor }
    let lowest = scheduled > 0 ? min(1, minimumLearningRate / scheduled) : 0
    optimizer.plateauFactor = max(reduced, lowest)
  }

  /// How often the epochs so far led to a reduction.
  func reductions(in history: some Sequence<EpochRecord>, of monitor: Monitor) -> Int {
    var (count, bad, cooling) = (0, 0, 0)
    var best: Double?
    for record in history {
      guard let value = monitor.value(in: record) else { continue }
      if cooling > 0 {
        cooling -= 1
        bad = 0
      }
      if best == nil || monitor.isBetter(value, than: best!, by: minDelta) {
        best = value
        bad = 0
      } else if cooling == 0 {
        bad += 1
        if bad >= patience {
          count += 1
          bad = 0
          cooling = cooldown
        }
      }
    }
    return count
  }
}
