import MartletData
import MartletLayers

#if canImport(Glibc)
  import Glibc
#endif

/// What a training run tells while it goes on.
public enum TrainingEvent {
  /// `steps` is how many batches of the epoch there will have been at its end.
  case epochBegan(epoch: Int, steps: Int)
  /// After each step. The run goes on from this state as if it had never stopped: see `Checkpoint`.
  case stepped(TrainingState)
  case epochEnded(EpochRecord, TrainingState)
}

extension Layer {
  /// Trains the model on a data set, epoch after epoch, in an order that is a function of the seed.
  ///
  /// - Parameters:
  ///   - validation: measured after every epoch; asked for when the first one ends.
  ///   - steps: an end by the number of optimizer steps, whatever the epochs are.
  ///   - patience: an end after this many epochs without a better validation loss.
  ///   - seed: of the order of the pictures.
  ///   - start: where an earlier run stopped, whose weights and optimizer were restored.
  ///   - observe: called as training goes on.
  /// - Returns: one record for each epoch, the last one maybe cut short by `steps`.
  /// - Throws: `ShapeError`, `DeviceError`, `NonFiniteError` where the loss is no number any more, and what `observe`
  ///   throws.
  @discardableResult
  public func fit(
    _ data: Dataset, validation: @autoclosure () throws -> Dataset? = nil, epochs: Int = 1,
    batchSize: Int = 128, steps: Int? = nil, patience: Int? = nil, optimizer: any Optimizer,
    task: any TrainingTask = Classification(), seed: UInt64 = 0,
    from start: TrainingState = TrainingState(), observe: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> [EpochRecord] {
    precondition(epochs >= 0 && batchSize > 0, "epochs are not negative and batches not empty")
    var state = start
    let end = steps ?? .max
    try withContext(random: start.random.map { RandomState(seed: $0.seed, counter: $0.counter) }) {
      while state.epoch <= epochs && (state.steps < end || !state.isMeasured)
        && !state.hasStalled(for: patience)
      {
        let epoch = data.shuffled(seed: seed, epoch: state.epoch)
        let batches = epoch.batches(of: batchSize, startingAt: state.batch)
        try observe(
          .epochBegan(epoch: state.epoch, steps: min(batches.count, state.batch + max(0, end - state.steps))))
        var began = monotonicSeconds()
        for batch in batches.prefix(max(0, end - state.steps)) {
          let result = try step(on: batch, of: state.epoch, after: state.steps, task, optimizer)
          let now = monotonicSeconds()
          state.add(result, seconds: now - began)
          began = now
          try observe(.stepped(state))
        }
        let measured = try validation().map {
          try evaluate($0, batchSize: min(500, 4 * batchSize), task: task)
        }
        let record = state.endEpoch(measured, isWhole: state.batch >= batches.count)
        try observe(.epochEnded(record, state))
      }
    }
    return state.history
  }

  /// The loss and accuracy on a data set, in the inference phase.
  public func evaluate(
    _ data: Dataset, batchSize: Int = 500, task: any TrainingTask = Classification()
  ) throws -> BatchResult {
    var result = BatchResult()
    for batch in data.batches(of: batchSize) { result += try task.evaluate(self, on: batch) }
    return result
  }
}

/// Seconds of a clock that never goes back.
public func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
