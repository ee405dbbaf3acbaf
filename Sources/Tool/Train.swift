import ArgumentParser
import Martlet

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a network on a data set.",
    discussion: """
      The run's folder holds config.json, weights.safetensors, best.safetensors, history.csv and \
      checkpoint.safetensors; evaluate it with `martlet evaluate --run DIR`. SIGTERM and SIGINT end a run after its \
      step, with a checkpoint from which `martlet train --resume DIR` goes on as if it had never stopped.
      """)

  @Option(
    help: ArgumentHelp(
      "The network: \(Catalog.entries.map(\.name).joined(separator: ", ")) (default: basic-cnn).",
      valueName: "name"))
  var model: String?
  @Option(
    help: ArgumentHelp(
      "The data set: \(DataSource.names.joined(separator: ", ")) (default: fashion-mnist).", valueName: "name"
    ))
  var data: String?
  @Option(help: ArgumentHelp("The folder of the data set's files.", valueName: "dir"))
  var dataDir: String?
  @Option(help: ArgumentHelp("How often every picture is seen (default: 5).", valueName: "n"))
  var epochs: Int?
  @Option(
    help: ArgumentHelp("Pictures in a step (default: 128, fewer for large networks).", valueName: "n"))
  var batchSize: Int?
  @Option(help: ArgumentHelp("The learning rate of Adam (default: 0.001).", valueName: "rate"))
  var learningRate: Float?
  @Option(help: ArgumentHelp("Stop after this many steps since the start of training.", valueName: "n"))
  var steps: Int?
  @Option(
    help: ArgumentHelp(
      "What initial values and the order of pictures depend on (default: 0).", valueName: "number"))
  var seed: UInt64?
  @Option(help: ArgumentHelp("Stop after this many epochs without a better test loss.", valueName: "n"))
  var patience: Int?
  @Option(
    help: ArgumentHelp(
      "A file of settings in JSON5, as in {epochs: 3, batchSize: 64}; options go before it.",
      valueName: "file"))
  var config: String?
  @Option(help: ArgumentHelp("The folder to write the run to.", valueName: "dir"))
  var output: String?
  @Option(help: ArgumentHelp("Go on with the run in this folder.", valueName: "dir"))
  var resume: String?
  @Option(
    help: ArgumentHelp("Write a checkpoint after so many steps too, not only after epochs.", valueName: "n"))
  var checkpointEvery: Int?
  @Flag(help: "Print one JSON object a line instead of progress.")
  var json = false
  @OptionGroup var device: DeviceOptions

  func run() throws {
    let start = monotonicSeconds()
    StopSignal.listen()
    let asked = try settings()
    let folder = (resume ?? output).map { RunFolder(FilePath($0)) }
    let saved = try resume == nil ? nil : folder?.configuration()
    let continued = try saved?.continued(with: asked)
    try device.run(seed: continued?.seed ?? asked.seed ?? 0) { device in
      let name = continued?.model ?? asked.model ?? "basic-cnn"
      let entry = try Catalog.entry(name)
      let data = continued?.data ?? asked.data ?? "fashion-mnist"
      let source = try DataSource(name: data)
      let dataDirectory = asked.dataDirectory ?? continued?.dataDirectory
      let task = try entry.trainingTask()
      func load(_ part: DatasetPart) throws -> Dataset {
        try source.load(
          part, directory: dataDirectory.map { FilePath($0) }, size: entry.input,
          supervision: task.supervision)
      }
      let training = try load(.train)
      let batchSize = continued?.batchSize ?? asked.batchSize ?? entry.batchSize
      let planned = plannedEpochs(asked, training, batchSize)
      var configuration =
        continued
        ?? RunConfiguration(
          model: name, data: data, dataDirectory: dataDirectory, epochs: planned, batchSize: batchSize,
          learningRate: asked.learningRate ?? 1e-3, steps: asked.steps, seed: asked.seed ?? 0,
          patience: asked.patience, input: training.imageShape.sizes, classNames: training.classNames,
          device: device.summary)
      if saved != nil {
        if asked.epochs == nil && asked.steps != nil {
          configuration.epochs = max(configuration.epochs, planned)
        }
        try checkSameData(configuration, training)
        warnOfAnotherDevice(configuration, device)
      }
      let model = try configuration.buildModel()
      if saved == nil { try folder?.create(configuration) } else { try folder?.write(configuration) }
      if !json { announce(configuration, device, model.parameterCount, training) }
      let run = TrainingRun(
        configuration: configuration, task: task, folder: folder, checkpointEvery: checkpointEvery,
        json: json,
        start: start, device: device)
      try run.train(model, training, from: saved == nil ? nil : checkpoint(in: folder!)) { try load(.test) }
    }
  }

  /// What the command line says, over what the file of settings says.
  private func settings() throws -> RunSettings {
    var settings = RunSettings()
    settings.model = model
    settings.data = data
    settings.dataDirectory = dataDir
    settings.epochs = epochs
    settings.batchSize = batchSize
    settings.learningRate = learningRate
    settings.steps = steps
    settings.seed = seed
    settings.patience = patience
    if let config { settings = settings.over(try RunSettings.read(FilePath(config))) }
    let counts = [
      ("--epochs", settings.epochs), ("--batch-size", settings.batchSize), ("--steps", settings.steps),
      ("--patience", settings.patience), ("--checkpoint-every", checkpointEvery),
    ]
    for (option, value) in counts {
      if let value, value < 1 { throw ToolError("\(option) must be at least 1; received \(value)") }
    }
    if let rate = settings.learningRate, !rate.isFinite || rate < 0 {
      throw ToolError("--learning-rate must be a number that is not negative; received \(rate)")
    }
    if resume != nil && output != nil && resume != output {
      throw ToolError("--resume \(resume!) goes on in its own folder; leave out --output \(output!)")
    }
    if checkpointEvery != nil && resume == nil && output == nil {
      throw ToolError("--checkpoint-every needs a folder to write to: --output DIR")
    }
    return settings
  }

  /// Five epochs, or as many as the steps need where only those are given.
  private func plannedEpochs(_ asked: RunSettings, _ data: Dataset, _ batchSize: Int) -> Int {
    if let epochs = asked.epochs { return epochs }
    guard let steps = asked.steps else { return 5 }
    let perEpoch = (data.count + batchSize - 1) / batchSize
    return max(1, (steps + perEpoch - 1) / perEpoch)
  }

  private func checkpoint(in folder: RunFolder) throws -> Checkpoint? {
    if let checkpoint = try folder.checkpoint() { return checkpoint }
    Terminal.writeError("martlet: \(folder.path) has no checkpoint yet; training starts at step 0\n")
    return nil
  }

  private func checkSameData(_ configuration: RunConfiguration, _ data: Dataset) throws {
    guard data.imageShape.sizes == configuration.input, data.classNames == configuration.classNames else {
      throw ToolError(
        "\(data.name) has pictures of \(data.imageShape) in \(data.classNames.count) classes now; the run began with "
          + "\(Shape(configuration.input)) in \(configuration.classNames.count)")
    }
  }

  /// The number of threads changes no bit; another instruction set does.
  private func warnOfAnotherDevice(_ configuration: RunConfiguration, _ device: any Device) {
    func kind(_ summary: String) -> String {
      summary.split(separator: ", ").filter { !$0.contains(" thread") }.joined(separator: ", ")
    }
    guard kind(configuration.device) != kind(device.summary) else { return }
    Terminal.writeError(
      "martlet: warning: the run began on \(kind(configuration.device)); on \(kind(device.summary)) its bits may "
        + "differ\n")
  }

  private func announce(
    _ configuration: RunConfiguration, _ device: any Device, _ parameters: Int, _ data: Dataset
  ) {
    Terminal.write(
      "\(configuration.model) (\(parameters.grouped) parameters) on \(data.name) (\(data.count.grouped) pictures of "
        + "\(data.imageShape)), \(device.summary)\n")
  }
}
