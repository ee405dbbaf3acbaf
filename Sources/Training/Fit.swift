import MartletData
import MartletLayers

#if canImport(Glibc)
  import Glibc
#endif

/// What happened in one epoch.
public struct EpochRecord: Sendable, Equatable {
  /// From 1.
  public var epoch: Int
  /// Optimizer steps since the start of training.
  public var steps: Int
  public var training: BatchResult
  public var validation: BatchResult?
  /// Of training alone.
  public var seconds: Double
}

/// What a training run tells while it goes on.
public enum TrainingEvent {
  case epochBegan(epoch: Int, steps: Int)
  /// After each step: the measures of the epoch so far.
  case stepped(step: Int, ofEpoch: Int, soFar: BatchResult)
  case epochEnded(EpochRecord)
}

extension Layer {
  /// Trains the model on a data set, epoch after epoch, in an order that is a function of the seed.
  ///
  /// - Parameters:
  ///   - validation: measured after every epoch.
  ///   - steps: an end by the number of optimizer steps, whatever the epochs are.
  ///   - seed: of the order of the pictures.
  ///   - observe: called as training goes on.
  /// - Returns: one record for each epoch, the last one maybe cut short by `steps`.
  /// - Throws: `ShapeError`, `DeviceError`, and what `observe` throws.
  @discardableResult
  public func fit(
    _ data: Dataset, validation: Dataset? = nil, epochs: Int = 1, batchSize: Int = 128, steps: Int? = nil,
    optimizer: any Optimizer, task: any TrainingTask = Classification(), seed: UInt64 = 0,
    observe: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> [EpochRecord] {
    precondition(epochs >= 0 && batchSize > 0, "epochs are not negative and batches not empty")
    var history: [EpochRecord] = []
    var taken = 0
    for epoch in 1...max(1, epochs) where epoch <= epochs && taken < steps ?? .max {
      let batches = data.shuffled(seed: seed, epoch: epoch).batches(of: batchSize)
      try observe(.epochBegan(epoch: epoch, steps: min(batches.count, (steps ?? .max) - taken)))
      let start = monotonicSeconds()
      var soFar = BatchResult()
      for (index, batch) in batches.enumerated() where taken < steps ?? .max {
        soFar += try task.train(self, on: batch, with: optimizer)
        taken += 1
        try observe(.stepped(step: taken, ofEpoch: index + 1, soFar: soFar))
      }
      let seconds = monotonicSeconds() - start
      let record = EpochRecord(
        epoch: epoch, steps: taken, training: soFar,
        validation: try validation.map { try evaluate($0, task: task) }, seconds: seconds)
      history.append(record)
      try observe(.epochEnded(record))
    }
    return history
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
