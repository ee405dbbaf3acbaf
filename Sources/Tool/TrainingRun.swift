import ArgumentParser
import Martlet

/// The run itself: trains, measures, writes, tells.
struct TrainingRun {
  let configuration: RunConfiguration
  let task: any TrainingTask
  let folder: RunFolder?
  let checkpointEvery: Int?
  let json: Bool
  /// When the command began, on the monotonic clock.
  let start: Double
  let device: any Device

  private struct EpochLine: Encodable {
    let epoch: Int
    let steps: Int
    let loss: Double
    let accuracy: Double
    let testLoss: Double?
    let testAccuracy: Double?
    let seconds: Double
  }

  private struct StopLine: Encodable {
    let stoppedBy: String
    let steps: Int
  }

  private struct LastLine: Encodable {
    let testAccuracy: Double
    let testLoss: Double
    let seconds: Double
    let steps: Int
    let peakMemoryBytes: Int
    let weightsSha256: String
    /// From the start of the command to the end of the third step, nil where there were fewer.
    let secondsToThirdStep: Double?
  }

  /// Trains from the start or from a checkpoint to the end, or to a signal that asks to stop.
  func train(
    _ model: any Layer, _ training: Dataset, from checkpoint: Checkpoint?, test load: () throws -> Dataset
  ) throws {
    let optimizer = Adam(learningRate: configuration.learningRate)
    try checkpoint?.restore(model, optimizer)
    let state = checkpoint?.state ?? TrainingState()
    if let steps = configuration.steps, steps < state.steps {
      throw ToolError("--steps \(steps) lies before step \(state.steps), where the run is already")
    }
    if checkpoint != nil && !json {
      Terminal.write("goes on after step \(state.steps), in epoch \(state.epoch)\n")
    }
    var progress = Progress(epochs: configuration.epochs, measures: task.measures)
    var thirdStep: Double?
    var test: Dataset?
    func loadedTest() throws -> Dataset {
      if test == nil { test = try load() }
      return test!
    }
    let history = try model.fit(
      training, validation: loadedTest(), epochs: configuration.epochs, batchSize: configuration.batchSize,
      steps: configuration.steps, patience: configuration.patience, optimizer: optimizer, task: task,
      seed: configuration.seed, from: state
    ) { event in
      if !json { progress.show(event) }
      switch event {
      case .epochBegan: break
      case .stepped(let state):
        if state.steps == 3 { thirdStep = monotonicSeconds() - start }
        if let signal = StopSignal.current { try stop(signal, model, optimizer, state) }
        if let checkpointEvery, state.steps % checkpointEvery == 0 { try save(model, optimizer, state) }
      case .epochEnded(let record, let state):
        try save(model, optimizer, state)
        if json { try printJSON(line(record)) }
      }
    }
    try finish(model, history, thirdStep)
  }

  /// The checkpoint comes last: whatever happens before it happens again when the run goes on.
  private func save(_ model: any Layer, _ optimizer: any Optimizer, _ state: TrainingState) throws {
    guard let folder else { return }
    if state.batch == 0 || state.history.last?.steps == state.steps {
      try model.saveWeights(to: folder.weightsFile)
      if state.best == state.history.last { try model.saveWeights(to: folder.bestFile) }
      try folder.write(state.history, measures: task.measures)
    }
    try Checkpoint.write(model, optimizer, state, to: folder.checkpointFile)
  }

  private func stop(
    _ signal: StopSignalKind, _ model: any Layer, _ optimizer: any Optimizer, _ state: TrainingState
  ) throws {
    if let folder {
      try model.saveWeights(to: folder.weightsFile)
      try Checkpoint.write(model, optimizer, state, to: folder.checkpointFile)
    }
    if json {
      try printJSON(StopLine(stoppedBy: signal.name, steps: state.steps))
    } else {
      let way = folder.map { "; go on with: martlet train --resume \($0.path)" } ?? ""
      Terminal.write(
        "\(Terminal.isTerminal ? "\n" : "")stopped by \(signal.name) after step \(state.steps)\(way)\n")
    }
    throw ExitCode(signal.exitCode)
  }

  private func line(_ record: EpochRecord) -> EpochLine {
    EpochLine(
      epoch: record.epoch, steps: record.steps, loss: record.training.loss,
      accuracy: record.training.accuracy,
      testLoss: record.validation?.loss, testAccuracy: record.validation?.accuracy, seconds: record.seconds)
  }

  private func finish(_ model: any Layer, _ history: [EpochRecord], _ thirdStep: Double?) throws {
    guard let last = history.last, let result = last.validation else { return }
    let seconds = monotonicSeconds() - start
    if json {
      try printJSON(
        LastLine(
          testAccuracy: result.accuracy, testLoss: result.loss, seconds: seconds, steps: last.steps,
          peakMemoryBytes: device.memory.peak, weightsSha256: try model.weightsHash(),
          secondsToThirdStep: thirdStep))
      return
    }
    Terminal.write(
      "test accuracy \(result.accuracy.fixed(4)) after \(last.steps) steps, \(seconds.fixed(1)) s, "
        + "\((Double(device.memory.peak) / 1e6).fixed(0)) MB of buffers at most\n")
    if let folder { Terminal.write("written to \(folder.path)\n") }
  }
}
