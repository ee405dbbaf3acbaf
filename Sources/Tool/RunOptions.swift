import ArgumentParser
import Martlet

/// What a training run may be asked for. Nil is what nobody said.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network: \(Catalog.names.joined(separator: ", ")) (default: basic-cnn).", valueName: "name"),
    completion: .list(Catalog.names))
  var model: String?
  @Option(
    help: ArgumentHelp(
      "The data set: \(DataSource.names.joined(separator: ", ")) (default: fashion-mnist).", valueName: "name"
    ), completion: .list(DataSource.names))
  var data: String?
  @Option(
    name: [.customLong("data-dir"), .customLong("data-directory")],
    help: ArgumentHelp("The folder of the data set's files.", valueName: "dir"), completion: .directory)
  var dataDirectory: String?
  @Option(
    help: ArgumentHelp(
      "Bring the pictures of a folder, whose sizes may differ, to this size, as HEIGHTxWIDTH.",
      valueName: "size"))
  var imageSize: String?
  @Option(help: ArgumentHelp("How often every picture is seen (default: 5).", valueName: "n"))
  var epochs: Int?
  @Option(
    help: ArgumentHelp("Pictures in a step (default: 128, fewer for large networks).", valueName: "n"))
  var batchSize: Int?
  @Option(
    help: ArgumentHelp(
      "The loss of networks with a class for every pixel: \(PixelLoss.names.joined(separator: ", ")), with options as in "
        + "dice:ignoreClass=255,classWeights=0.2/1/1.", valueName: "name"), completion: .list(PixelLoss.names)
  )
  var loss: String?
  @Option(help: ArgumentHelp("Stop after this many steps since the start of training.", valueName: "n"))
  var steps: Int?
  @Option(
    help: ArgumentHelp(
      "\(OptimizerText.names.joined(separator: ", ")), with options as in sgd:momentum=0.9,weightDecay=0.0005 "
        + "(default: adam).", valueName: "name"), completion: .list(OptimizerText.names))
  var optimizer: String?
  @Option(
    help: ArgumentHelp("The learning rate, which a schedule starts from (default: 0.001).", valueName: "rate")
  )
  var learningRate: Float?
  @Option(
    help: ArgumentHelp(
      "How the rate changes: \(ScheduleText.names.joined(separator: ", ")), with options as in "
        + "warmUp:steps=500,schedule=cosine; decays take as many steps as training where nothing else is said.",
      valueName: "name"), completion: .list(ScheduleText.names))
  var schedule: String?
  @Option(
    help: ArgumentHelp(
      "Reduce the rate when the validation loss, or a generator's Fréchet distance, gets no better, as in "
        + "factor=0.5,patience=3.",
      valueName: "options"))
  var plateau: String?
  @Option(
    help: ArgumentHelp(
      "Change pictures at random: \(Augmentation.stepNames.joined(separator: ", ")), as in flip,shift=2.",
      valueName: "steps"))
  var augment: String?
  @Option(
    help: ArgumentHelp(
      "Measure this share of the training pictures after each epoch, and the test part only at the end.",
      valueName: "share"))
  var validationSplit: Double?
  @Option(
    help: ArgumentHelp(
      "What initial values and the order of pictures depend on (default: 0).", valueName: "number"))
  var seed: UInt64?
  @Option(
    help: ArgumentHelp(
      "Stop after this many epochs without a better validation loss, or a better Fréchet distance of a generator.",
      valueName: "n"))
  var patience: Int?
  @Option(help: ArgumentHelp("Threads that make batches ahead of time (default: 1).", valueName: "n"))
  var workers: Int?
  @Option(
    help: ArgumentHelp(
      "What the buffers may take, as in 512M or 2G: values are computed again where they would take more.",
      valueName: "bytes"))
  var memoryLimit: String?

  func validate() throws {
    var configuration = RunConfiguration()
    apply(to: &configuration)
    if let wrong = configuration.impossibleNumber {
      throw ValidationError(
        "\(SettingsFile.option(wrong.setting)) must be \(wrong.wanted); received \(wrong.value)")
    }
    do {
      _ = try configuration.memoryLimitBytes()
    } catch { throw ValidationError("--memory-limit: \(error)") }
    do {
      _ = try configuration.pictureSize()
    } catch { throw ValidationError("--image-size: \(error)") }
  }

  /// Puts what was asked for in the place of what a configuration has.
  func apply(to configuration: inout RunConfiguration) {
    configuration.model = model ?? configuration.model
    configuration.data = data ?? configuration.data
    configuration.dataDirectory = dataDirectory ?? configuration.dataDirectory
    configuration.imageSize = imageSize ?? configuration.imageSize
    configuration.epochs = epochs ?? configuration.epochs
    configuration.batchSize = batchSize ?? configuration.batchSize
    configuration.loss = loss ?? configuration.loss
    configuration.steps = steps ?? configuration.steps
    configuration.optimizer = optimizer ?? configuration.optimizer
    configuration.learningRate = learningRate ?? configuration.learningRate
    configuration.schedule = schedule ?? configuration.schedule
    configuration.plateau = plateau ?? configuration.plateau
    configuration.augment = augment ?? configuration.augment
    configuration.validationSplit = validationSplit ?? configuration.validationSplit
    configuration.seed = seed ?? configuration.seed
    configuration.patience = patience ?? configuration.patience
    configuration.workers = workers ?? configuration.workers
    configuration.memoryLimit = memoryLimit ?? configuration.memoryLimit
  }
}
