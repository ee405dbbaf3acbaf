import ArgumentParser
import Martlet

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a network on a data set.",
    discussion: """
      The run's folder holds config.json, weights.safetensors and history.csv; evaluate it with \
      `martlet evaluate --run DIR`.
      """)

  @Option(
    help: ArgumentHelp(
      "The network: \(Catalog.entries.map(\.name).joined(separator: ", ")).", valueName: "name"))
  var model = "basic-cnn"
  @Option(
    help: ArgumentHelp(
      "The data set: \(DataSource.names.joined(separator: ", ")).", valueName: "name"))
  var data = "fashion-mnist"
  @Option(help: ArgumentHelp("The folder of the data set's files.", valueName: "dir"))
  var dataDir: String?
  @Option(help: ArgumentHelp("How often every picture is seen (default: 5).", valueName: "n"))
  var epochs: Int?
  @Option(
    help: ArgumentHelp("Pictures in a step (default: 128, fewer for large networks).", valueName: "n"))
  var batchSize: Int?
  @Option(help: ArgumentHelp("The learning rate of Adam.", valueName: "rate"))
  var learningRate: Float = 1e-3
  @Option(help: ArgumentHelp("Stop after this many steps since the start of training.", valueName: "n"))
  var steps: Int?
  @Option(help: ArgumentHelp("What initial values and the order of pictures depend on.", valueName: "number"))
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("The folder to write the run to.", valueName: "dir"))
  var output: String?
  @Flag(help: "Print one JSON object a line instead of progress.")
  var json = false
  @OptionGroup var device: DeviceOptions

  func run() throws {
    try check()
    let start = monotonicSeconds()
    try device.run(seed: seed) { device in
      let entry = try Catalog.entry(model)
      let source = try DataSource(name: data)
      let directory = dataDir.map { FilePath($0) }
      let task = try entry.trainingTask()
      let batchSize = batchSize ?? entry.batchSize
      func load(_ part: DatasetPart) throws -> Dataset {
        try source.load(part, directory: directory, size: entry.input, supervision: task.supervision)
      }
      let training = try load(.train)
      let configuration = RunConfiguration(
        model: model, data: data, dataDirectory: dataDir, epochs: plannedEpochs(training, batchSize),
        batchSize: batchSize, learningRate: learningRate, steps: steps, seed: seed,
        input: training.imageShape.sizes,
        classNames: training.classNames, device: device.summary)
      let model = try configuration.buildModel()
      let folder = output.map { RunFolder(FilePath($0)) }
      try folder?.create(configuration)
      if !json { announce(configuration, device, model.parameterCount, training) }
      let run = TrainingRun(
        configuration: configuration, task: task, folder: folder, json: json, start: start, device: device)
      try run.train(model, training) { try load(.test) }
    }
  }

  private func check() throws {
    guard epochs ?? 1 > 0 else { throw ToolError("--epochs must be at least 1; received \(epochs!)") }
    guard batchSize ?? 1 > 0 else {
      throw ToolError("--batch-size must be at least 1; received \(batchSize!)")
    }
    guard steps ?? 1 > 0 else { throw ToolError("--steps must be at least 1; received \(steps!)") }
    guard learningRate.isFinite && learningRate >= 0 else {
      throw ToolError("--learning-rate must be a number that is not negative; received \(learningRate)")
    }
  }

  /// Five epochs, or as many as the steps need where only those are given.
  private func plannedEpochs(_ data: Dataset, _ batchSize: Int) -> Int {
    if let epochs { return epochs }
    guard let steps else { return 5 }
    let perEpoch = (data.count + batchSize - 1) / batchSize
    return max(1, (steps + perEpoch - 1) / perEpoch)
  }

  private func announce(
    _ configuration: RunConfiguration, _ device: any Device, _ parameters: Int, _ data: Dataset
  ) {
    Terminal.write(
      "\(configuration.model) (\(parameters.grouped) parameters) on \(data.name) (\(data.count.grouped) pictures of "
        + "\(data.imageShape)), \(device.summary)\n")
  }
}

/// The run itself: trains, measures, writes, tells.
private struct TrainingRun {
  let configuration: RunConfiguration
  let task: any TrainingTask
  let folder: RunFolder?
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

  func train(_ model: any Layer, _ training: Dataset, test load: () throws -> Dataset) throws {
    var progress = Progress(epochs: configuration.epochs, measures: task.measures)
    var thirdStep: Double?
    var test: Dataset?
    var history: [EpochRecord] = []
    func measured(_ record: EpochRecord) throws -> EpochRecord {
      var record = record
      if test == nil { test = try load() }
      record.validation = try model.evaluate(
        test!, batchSize: min(500, 4 * configuration.batchSize), task: task)
      return record
    }
    try model.fit(
      training, epochs: configuration.epochs, batchSize: configuration.batchSize, steps: configuration.steps,
      optimizer: Adam(learningRate: configuration.learningRate), task: task, seed: configuration.seed
    ) { event in
      if case .stepped(step: 3, _, _) = event { thirdStep = monotonicSeconds() - start }
      guard case .epochEnded(let record) = event else {
        if !json { progress.show(event) }
        return
      }
      let whole = try measured(record)
      history.append(whole)
      try save(model, history)
      if json { try printJSON(line(whole)) } else { progress.show(.epochEnded(whole)) }
    }
    try finish(model, history, thirdStep)
  }

  private func save(_ model: any Layer, _ history: [EpochRecord]) throws {
    guard let folder else { return }
    try model.saveWeights(to: folder.weightsFile)
    try folder.write(history, measures: task.measures)
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
