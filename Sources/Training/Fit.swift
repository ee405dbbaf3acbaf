import MartletData
import MartletLayers

#if canImport(Glibc)
  import Glibc
#endif

extension Layer {
  /// Trains the model on a data set, epoch after epoch, in an order that is a function of the seed.
  ///
  /// ```swift
  /// let history = try model.fit(
  ///   train, validation: test, epochs: 20, optimizer: Adam(), augmentation: Augmentation("flip,shift=2"),
  ///   callbacks: [ProgressBar(), EarlyStopping(patience: 3)])
  /// ```
  /// - Parameters:
  ///   - validation: measured after every epoch; asked for when the first one ends.
  ///   - validationSplit: instead, the share of the samples at the end of `data` that is measured and not trained on.
  ///   - steps: an end by the number of optimizer steps, whatever the epochs are.
  ///   - classWeights: what the losses of classes are multiplied by in training, 1 where nothing is said.
  ///   - augmentation: how pictures are changed in training, anew in every epoch.
  ///   - workers: threads that make batches ahead of time, 0 for none. The results do not depend on it.
  ///   - seed: of the order of the samples and of their augmentation.
  ///   - start: where an earlier run stopped, whose weights and optimizer were restored.
  ///   - callbacks: told of everything in their order.
  /// - Returns: one record for each epoch, the last one maybe cut short.
  /// - Throws: `ShapeError`, `DeviceError`, `NonFiniteError` where the loss is no number any more, and what callbacks
  ///   throw.
  @discardableResult
  public func fit(
    _ data: Dataset, validation: @autoclosure () throws -> Dataset? = nil, validationSplit: Double = 0,
    epochs: Int = 1, batchSize: Int = 128, steps: Int? = nil, optimizer: any Optimizer,
    task: any TrainingTask = Classification(), classWeights: [Int: Float] = [:],
    augmentation: Augmentation? = nil, workers: Int = 1, seed: UInt64 = 0,
    from start: TrainingState = TrainingState(), callbacks: [any Callback] = []
  ) throws -> History {
    precondition(
      epochs >= 0 && batchSize > 0 && workers >= 0,
      "epochs and workers are not negative and batches not empty; received \(epochs), \(workers), \(batchSize)"
    )
    var (data, held) = try data.split(share: validationSplit)
    if !classWeights.isEmpty { data = try data.weighted(byClass: classWeights) }
    let run = Training(self, optimizer, task, epochs: epochs, from: start)
    func tell(_ event: TrainingEvent) throws {
      for callback in callbacks { try callback.receive(event, from: run) }
    }
    let end = steps ?? .max
    func wantsSteps() -> Bool { !run.isStopping && run.state.steps < end }

    try withContext(random: start.random.map { RandomState(seed: $0.seed, counter: $0.counter) }) {
      try tell(.began)
      while !run.isStopping && run.state.epoch <= epochs && (run.state.steps < end || !run.state.isMeasured) {
        let epoch = try data.shuffled(seed: seed, epoch: run.state.epoch)
          .augmented(by: augmentation, seed: seed, epoch: run.state.epoch)
        let batches = epoch.batches(of: batchSize, startingAt: run.state.batch)
        try tell(.epochBegan(steps: min(batches.count, run.state.batch + max(0, end - run.state.steps))))
        var began = monotonicSeconds()
        try batches.forEach(while: wantsSteps, workers: workers) { batch in
          let result = try step(on: batch, of: run.state.epoch, after: run.state.steps, task, optimizer)
          let now = monotonicSeconds()
          run.state.add(result, seconds: now - began)
          began = now
          try tell(.stepped(result))
        }
        if run.validation == nil { run.validation = try held ?? validation() }
        let measured = try run.validation.map {
          try evaluate($0, batchSize: evaluationBatchSize(training: batchSize), task: task, workers: workers)
        }
        // What it kept for the next reading of the same weights.
        if measured != nil { Context.current.device.trim() }
        let record = run.state.endEpoch(measured, isWhole: run.state.batch >= batches.count)
        try tell(.epochEnded(record))
      }
      try tell(.ended)
    }
    return run.state.history
  }

  /// The loss and the task's measures on a data set, in the inference phase.
  public func evaluate(
    _ data: Dataset, batchSize: Int = 500, task: any TrainingTask = Classification(), workers: Int = 1
  ) throws -> BatchResult {
    var result = BatchResult()
    try data.batches(of: batchSize).forEach(workers: workers) { result += try task.evaluate(self, on: $0) }
    return result.concluded
  }
}

extension BatchLoader {
  /// Calls a closure with the batches in order, which threads make ahead of time.
  fileprivate func forEach(
    while isWanted: () -> Bool = { true }, workers: Int, _ body: (Batch) throws -> Void
  ) throws {
    // The first batch is not drawn where none is wanted.
    guard isWanted() else { return }
    var batches: any BatchIterator =
      workers == 0 ? makeIterator() : prefetched(depth: 2 * workers, workers: workers).makeIterator()
    while isWanted(), let batch = try batches.next() { try body(batch) }
  }
}

/// How many samples are evaluated at a time where so many are trained on: without gradients they take less memory. Under
/// a memory limit, in which training computes values again, it is as many.
package func evaluationBatchSize(training batchSize: Int) -> Int {
  min(500, Context.current.memoryLimit == nil ? 4 * batchSize : batchSize)
}

extension Dataset {
  /// The samples before the last ones of a share, and those; nil where the share is 0.
  ///
  /// - Throws: `ShapeError` for shares that leave no sample on one side.
  package func split(share: Double) throws -> (training: Dataset, validation: Dataset?) {
    guard share != 0 else { return (self, nil) }
    let count = Int((Double(self.count) * share).rounded())
    guard share > 0, share < 1, count > 0, count < self.count else {
      throw ShapeError(
        "a validation split is a share between 0 and 1 that leaves samples on both sides; received \(share) of "
          + "\(self.count)")
    }
    let parts = split(validation: count)
    return (parts.training, parts.validation)
  }

  fileprivate func augmented(by augmentation: Augmentation?, seed: UInt64, epoch: Int) throws -> Dataset {
    guard let augmentation else { return self }
    let result: Dataset = try augmented(by: augmentation, seed: seed, epoch: epoch)
    guard result.imageShape == imageShape else {
      throw ShapeError(
        "augmentation \(augmentation) makes pictures of \(result.imageShape) from \(imageShape); crop to the size "
          + "of the pictures, or resize them before")
    }
    return result
  }
}

/// Seconds of a clock that never goes back.
public func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
