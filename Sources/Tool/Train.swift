import ArgumentParser
import Martlet

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a network on a data set.",
    discussion: """
      The run's folder holds config.json, weights.safetensors, best.safetensors, history.csv, history.jsonl, \
      curves.png, pictures and checkpoint.safetensors; evaluate it with `martlet evaluate --run DIR`. SIGTERM and SIGINT end a run after its \
      step, with a checkpoint from which `martlet train --resume DIR` goes on as if it had never stopped.
      """)

  @OptionGroup var options: RunOptions
  @Option(
    help: ArgumentHelp(
      "A file of these settings in JSON5, as in {epochs: 3, batchSize: 64}; the command line goes before it.",
      valueName: "file"), completion: .file())
  var config: String?
  @Option(help: ArgumentHelp("The folder to write the run to.", valueName: "dir"), completion: .directory)
  var output: String?
  @Option(help: ArgumentHelp("Go on with the run in this folder.", valueName: "dir"), completion: .directory)
  var resume: String?
  @Option(
    help: ArgumentHelp("Write a checkpoint after so many steps too, not only after epochs.", valueName: "n"))
  var checkpointEvery: Int?
  @Flag(
    help: "Write curves, histograms and pictures for TensorBoard to the run's folder, also when it goes on."
  )
  var tensorboard = false
  @Flag(help: "Print one JSON object a line instead of progress.")
  var json = false
  @OptionGroup var device: DeviceOptions

  func validate() throws {
    if let checkpointEvery, checkpointEvery < 1 {
      throw ValidationError("--checkpoint-every must be at least 1; received \(checkpointEvery)")
    }
    if resume != nil && output != nil && resume != output {
      throw ValidationError("--resume \(resume!) goes on in its own folder; leave out --output \(output!)")
    }
    for (option, isGiven) in [("--checkpoint-every", checkpointEvery != nil), ("--tensorboard", tensorboard)]
    where isGiven && resume == nil && output == nil {
      throw ValidationError("\(option) needs a folder to write to: --output DIR")
    }
  }

  func run() throws {
    guard let config else { return try train(layers: nil) }
    // Of an option that is given twice the last one counts: that of the command line, behind those of the file.
    let settings = try SettingsFile(FilePath(config))
    do { _ = try RunOptions.parse(settings.arguments) } catch {
      throw FileError(RunOptions.message(for: error), path: FilePath(config))
    }
    try TrainCommand.parse(settings.arguments + CommandLine.arguments.dropFirst(2)).train(
      layers: settings.layers)
  }

  /// - Parameter layers: the network of a file of settings.
  private func train(layers: NetworkDescription?) throws {
    let start = monotonicSeconds()
    StopSignal.listen()
    let folder = (resume ?? output).map { RunFolder(FilePath($0)) }
    let saved = try resume == nil ? nil : folder?.configuration()
    var configuration = saved ?? RunConfiguration()
    if let layers {
      if let model = options.model, model != "custom" {
        throw ToolError("the network is \(model) or that of the layers in \(config!); leave one out")
      }
      configuration.model = "custom"
      configuration.layers = layers
    }
    configuration.model = options.model ?? configuration.model
    let entry = try configuration.entry()
    if saved == nil {
      configuration.batchSize = entry.batchSize
      (configuration.optimizer, configuration.learningRate) = (entry.optimizer, entry.learningRate)
    }
    options.apply(to: &configuration)
    try saved.map { try configuration.checkContinuation(of: $0) }
    try device.run(seed: configuration.seed) { device in
      let source = try DataSource(name: configuration.data)
      if saved == nil { configuration.classNames = source.classNames ?? [] }
      let task = try configuration.task()
      func load(_ part: DatasetPart) throws -> Dataset {
        try source.load(
          part, directory: configuration.dataDirectory.map { FilePath($0) }, size: entry.input,
          imageSize: configuration.pictureSize(), supervision: task.supervision)
      }
      let training = try load(.train)
      try complete(&configuration, saved, training, device)
      let model = try configuration.buildModel()
      let optimizer = try configuration.makeOptimizer()
      if saved == nil { try folder?.create(configuration) } else { try folder?.write(configuration) }
      if !json { announce(configuration, device, model.parameterCount, training) }
      let run = TrainingRun(
        configuration: configuration, task: try task.prepared(with: training), folder: folder,
        checkpointEvery: checkpointEvery,
        tensorBoard: tensorBoard(in: folder), json: json, start: start, device: device)
      try withContext(memoryLimit: configuration.memoryLimitBytes()) {
        try run.train(model, optimizer, training, from: saved == nil ? nil : checkpoint(in: folder!)) {
          try load(.test)
        }
      }
    }
  }

  /// Fills in what follows from the data and the device, or checks that it has not changed.
  private func complete(
    _ configuration: inout RunConfiguration, _ saved: RunConfiguration?, _ data: Dataset, _ device: any Device
  ) throws {
    let samples = try data.split(share: configuration.validationSplit).training.count
    let stepsPerEpoch = max(1, (samples + configuration.batchSize - 1) / configuration.batchSize)
    if let steps = options.steps, options.epochs == nil {
      // As many epochs as the steps need.
      let needed = (steps + stepsPerEpoch - 1) / stepsPerEpoch
      configuration.epochs = saved == nil ? needed : max(configuration.epochs, needed)
    }
    guard let saved else {
      configuration.input = data.imageShape.sizes
      configuration.classNames = data.classNames
      configuration.device = device.summary
      let totalSteps = min(configuration.steps ?? .max, configuration.epochs * stepsPerEpoch)
      configuration.schedule = try configuration.schedule.map {
        "\(try ScheduleText.parse($0, learningRate: configuration.learningRate, totalSteps: totalSteps))"
      }
      return
    }
    guard data.imageShape.sizes == saved.input, data.classNames == saved.classNames else {
      throw ToolError(
        "\(data.name) has pictures of \(data.imageShape) in \(data.classNames.count) classes now; the run began with "
          + "\(Shape(saved.input)) in \(saved.classNames.count)")
    }
    warnOfAnotherDevice(saved, device)
  }

  /// A run that was watched stays so when it goes on.
  private func tensorBoard(in folder: RunFolder?) -> TensorBoard? {
    guard let folder, tensorboard || File.exists(folder.tensorBoardFolder) else { return nil }
    return TensorBoard(folder.tensorBoardFolder)
  }

  private func checkpoint(in folder: RunFolder) throws -> Checkpoint? {
    if let checkpoint = try folder.checkpoint() { return checkpoint }
    Terminal.writeError("martlet: \(folder.path) has no checkpoint yet; training starts at step 0\n")
    return nil
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
