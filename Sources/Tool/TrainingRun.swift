import ArgumentParser
import Martlet

/// The run itself: trains, measures, writes, tells.
struct TrainingRun {
  let configuration: RunConfiguration
  let task: any TrainingTask
  let folder: RunFolder?
  let checkpointEvery: Int?
  let tensorBoard: TensorBoard?
  let json: Bool
  /// When the command began, on the monotonic clock.
  let start: Double
  let device: any Device

  private struct StopLine: Encodable {
    let stoppedBy: String
    let steps: Int
  }

  private struct LastLine: Encodable {
    let testAccuracy: Double
    let testLoss: Double
    /// Nil where the task measures none.
    let meanIou: Double?
    let frechetDistance: Double?
    /// By the task's monitor; nil where that was not measured.
    let bestEpoch: Int?
    let seconds: Double
    let steps: Int
    let peakMemoryBytes: Int
    let weightsSha256: String
    /// From the start of the command to the end of the third step, nil where there were fewer.
    let secondsToThirdStep: Double?
  }

  /// Trains from the start or from a checkpoint to the end, or to a signal that asks to stop.
  func train(
    _ model: any Layer, _ optimizer: any Optimizer, _ training: Dataset, from checkpoint: Checkpoint?,
    test load: () throws -> Dataset
  ) throws {
    try checkpoint?.restore(model, optimizer)
    let state = checkpoint?.state ?? TrainingState()
    if let steps = configuration.steps, steps < state.steps {
      throw ToolError("--steps \(steps) lies before step \(state.steps), where the run is already")
    }
    if checkpoint != nil && !json {
      Terminal.write("goes on after step \(state.steps), in epoch \(state.epoch)\n")
    }
    var thirdStep: Double?
    let watch = Listener { event, training in
      guard case .stepped = event else { return }
      if training.state.steps == 3 { thirdStep = monotonicSeconds() - start }
      if let signal = StopSignal.current { try stop(signal, training) }
    }
    let isSplit = configuration.validationSplit > 0
    let history = try model.fit(
      training, validation: try isSplit ? nil : load(), validationSplit: configuration.validationSplit,
      epochs: configuration.epochs,
      batchSize: configuration.batchSize, steps: configuration.steps, optimizer: optimizer, task: task,
      augmentation: configuration.augment.map { try Augmentation($0) }, workers: configuration.workers,
      seed: configuration.seed, from: state,
      callbacks: try configuration.steering() + (tensorBoard.map { [$0] } ?? [])
        + [json ? JSONLines() : ProgressBar(), watch]
        + (folder?.writers(best: task.monitor, checkpointEvery: checkpointEvery) ?? []))
    guard let last = history.last else { return }
    let result =
      try isSplit
      ? model.evaluate(
        load(), batchSize: evaluationBatchSize(training: configuration.batchSize), task: task)
      : last.validation!
    try finish(model, history, last.steps, result, thirdStep)
  }

  private func stop(_ signal: StopSignalKind, _ training: Training) throws {
    if let folder {
      try WeightsFile(folder.weightsFile).write(training)
      try CheckpointFile(folder.checkpointFile).write(training)
    }
    if json {
      try printJSON(StopLine(stoppedBy: signal.name, steps: training.state.steps))
    } else {
      let way = folder.map { "; go on with: martlet train --resume \($0.path)" } ?? ""
      Terminal.write(
        "\(Terminal.isTerminal ? "\n" : "")stopped by \(signal.name) after step \(training.state.steps)\(way)\n"
      )
    }
    throw ExitCode(signal.exitCode)
  }

  private func finish(
    _ model: any Layer, _ history: History, _ steps: Int, _ result: BatchResult, _ thirdStep: Double?
  ) throws {
    let seconds = monotonicSeconds() - start
    let best = task.monitor.best(of: history)
    if json {
      try printJSON(
        LastLine(
          testAccuracy: result.accuracy, testLoss: result.loss, meanIou: result["mean IoU"],
          frechetDistance: result[Adversarial.distanceName], bestEpoch: best?.epoch, seconds: seconds,
          steps: steps, peakMemoryBytes: device.memory.peak, weightsSha256: try model.weightsHash(),
          secondsToThirdStep: thirdStep))
      return
    }
    if let table = ClassTable(result, classNames: configuration.classNames) {
      Terminal.write("\n\(table)\n\n")
    }
    let iou = result["mean IoU"].map { ", mean IoU \($0.fixed(4))" } ?? ""
    let measured =
      result[Adversarial.distanceName].map { "Fréchet distance \($0.fixed(3))" }
      ?? "test accuracy \(result.accuracy.fixed(4))\(iou)"
    Terminal.write(
      "\(measured) after \(steps) steps, \(seconds.fixed(1)) s, "
        + "\((Double(device.memory.peak) / 1e6).fixed(0)) MB of buffers at most\n")
    guard let folder else { return }
    if let best, history.count > 1 {
      Terminal.write("best.safetensors is of epoch \(best.epoch), by \(task.monitor)\n")
    }
    Terminal.write("written to \(folder.path)\n")
  }
}

/// An object a line for each epoch.
private struct JSONLines: Callback {
  private struct Line: Encodable {
    let epoch: Int
    let steps: Int
    let loss: Double
    let accuracy: Double
    let valLoss: Double?
    let valAccuracy: Double?
    /// Nil where the task measures none.
    let valFrechetDistance: Double?
    let seconds: Double
  }

  func receive(_ event: TrainingEvent, from training: Training) throws {
    guard case .epochEnded(let record) = event else { return }
    try printJSON(
      Line(
        epoch: record.epoch, steps: record.steps, loss: record.training.loss,
        accuracy: record.training.accuracy, valLoss: record.validation?.loss,
        valAccuracy: record.validation?.accuracy,
        valFrechetDistance: record.validation?[Adversarial.distanceName], seconds: record.seconds))
  }
}
