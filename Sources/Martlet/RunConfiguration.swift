import MartletData
import MartletTraining

/// Everything that a training run was started with; saved as `config.json` in its folder.
public struct RunConfiguration: Codable, Sendable, Equatable {
  public var model = "basic-cnn"
  /// The network itself, where it is not one of the catalog.
  public var layers: NetworkDescription?
  public var data = "fashion-mnist"
  public var dataDirectory: String?
  /// What the pictures of a folder are brought to; see `PictureSize`. Nil where they have one size.
  public var imageSize: String?
  public var epochs = 5
  public var batchSize = 128
  /// See `PixelLoss`; nil for the loss of the network's own task.
  public var loss: String?
  /// Training ends after this many steps since its start, whatever the epochs are.
  public var steps: Int?
  /// See `OptimizerText`.
  public var optimizer = "adam"
  public var learningRate: Float = 1e-3
  /// See `ScheduleText`; nil for a rate that stays as it is.
  public var schedule: String?
  /// The options of `ReduceLearningRateOnPlateau`; nil where the rate is not reduced.
  public var plateau: String?
  /// See `Augmentation`.
  public var augment: String?
  /// The share of the training pictures that is measured instead of the test part; 0 for the test part.
  public var validationSplit = 0.0
  public var seed: UInt64 = 0
  /// Training stops after this many epochs without a better one, by the task's `monitor`.
  public var patience: Int?
  /// Threads that make batches ahead of time.
  public var workers = 1
  /// What the buffers of the device may take, as in `512M`; nil where they may take what they need.
  public var memoryLimit: String?
  /// Height, width and channels of the pictures.
  public var input: [Int] = []
  public var classNames: [String] = []
  /// What it ran on: the bits of the results depend on it.
  public var device = ""

  public init() {}

  /// The network of this run and how it trains: that of its layers, or the catalog's.
  ///
  /// - Throws: `NameError` for a network that there is not.
  public func entry() throws -> Catalog.Entry {
    guard let layers else { return try Catalog.entry(model) }
    return Catalog.Entry(model, "described by its layers", input: [28, 28, 1]) { outputs, input in
      let network = try layers.network()
      let found = try network.outputShape(for: input)
      guard found.rank == 1, found[0] == outputs else {
        throw ShapeError(
          "the network gives \(found) numbers for each picture; the data has \(outputs) classes. End it in "
            + "{layer: 'Dense', units: \(outputs)}")
      }
      return network
    }
  }

  /// The network of this run, built for its pictures with the initial values of its seed.
  public func buildModel() throws -> any Layer {
    let entry = try entry()
    guard (1...Shape.maximumRank - 1).contains(input.count), input.allSatisfy({ $0 > 0 && $0 <= 1 << 20 })
    else {
      throw ShapeError("an input has height, width and channels; received \(input)")
    }
    let outputs = try task().outputs(classes: classNames.count)
    let model = try entry.build(outputs, Shape(input))
    try withContext(seed: seed) { try model.build(input: Shape(input)) }
    return model
  }

  /// How the network trains. What has no class in the masks of a folder counts nowhere, whatever the loss.
  ///
  /// - Parameter data: another data set than the run's.
  /// - Throws: `SettingsError` for a loss of pixels where the network has none, and for weights of other classes than
  ///   there are, as soon as those are known; `NameError` and `OptionTextError` for one that cannot be read.
  public func task(on data: String? = nil) throws -> any TrainingTask {
    let task = try entry().task
    var pixels = try loss.map { try PixelLoss($0) }
    guard task is Segmentation else {
      guard let loss else { return task }
      throw SettingsError("--loss \(loss) is for networks with a class for every pixel; \(model) is none")
    }
    let classes = task.outputs(classes: classNames.count)
    if let pixels, !classNames.isEmpty, !pixels.isFor(classes: classes) {
      throw SettingsError(
        "--loss \(loss ?? "") weighs \(pixels.classWeights.count) classes, and there are \(classes); write \(classes) "
          + "weights, that of the background first, or leave them out")
    }
    if let source = try? DataSource(name: data ?? self.data), source.isFolderOfMasks {
      let wanted = pixels ?? PixelLoss()
      pixels = PixelLoss(
        wanted.kind, ignoreClass: wanted.ignoreClass ?? Dataset.ignoredClass,
        classWeights: wanted.classWeights)
    }
    return pixels.map { Segmentation(loss: .pixels($0)) } ?? task
  }

  /// The most values of a picture: beyond these no network has sizes that can be counted.
  public static let largestInput = 1 << 26
  /// The most epochs, steps and pictures in a step.
  private static let largestCount = 1 << 40

  /// The first number that no run can have, with what it must be.
  public var impossibleNumber: (setting: String, value: String, wanted: String)? {
    let counts = [
      ("epochs", epochs), ("batchSize", batchSize), ("steps", steps ?? 1), ("patience", patience ?? 1),
    ]
    for (name, value) in counts where !(1...Self.largestCount).contains(value) {
      return (name, "\(value)", value < 1 ? "at least 1" : "at most \(Self.largestCount)")
    }
    guard (0...256).contains(workers) else { return ("workers", "\(workers)", "0 to 256") }
    guard learningRate.isFinite && learningRate >= 0 else {
      return ("learningRate", "\(learningRate)", "a number that is not negative")
    }
    guard validationSplit >= 0 && validationSplit < 1 else {
      return ("validationSplit", "\(validationSplit)", "a share from 0 to below 1")
    }
    return nil
  }

  /// The memory limit in bytes.
  ///
  /// - Throws: `ByteCountError` for a text that is none.
  public func memoryLimitBytes() throws -> Int? { try memoryLimit.map { try ByteCount.parse($0) } }

  /// The size that the pictures of a folder are brought to.
  ///
  /// - Throws: `ShapeError` for a text that is none.
  public func pictureSize() throws -> PictureSize? { try imageSize.map { try PictureSize($0) } }

  /// What no run can have been started with, in words; nil where all is well. A file may say anything.
  var problem: String? {
    if let wrong = impossibleNumber {
      return "\(wrong.setting) is \(wrong.value); it must be \(wrong.wanted)"
    }
    guard input.count == 3, input.allSatisfy({ (1...1 << 16).contains($0) }) else {
      return "input is \(input); it must be height, width and channels, each 1 to 65536"
    }
    guard Shape(input).count <= Self.largestInput else {
      return "input is \(input); a picture has at most \(Self.largestInput) values"
    }
    guard (1...Dataset.mostClasses).contains(classNames.count) else {
      return
        "classNames has \(classNames.count) names; there must be at least 1 and at most \(Dataset.mostClasses)"
    }
    do {
      _ = try (task(), makeOptimizer(), steering(), memoryLimitBytes(), pictureSize())
      _ = try augment.map { try Augmentation($0) }
    } catch { return "\(error)" }
    return nil
  }

  /// The optimizer with its rates.
  ///
  /// - Throws: `NameError` and `OptionTextError` for texts that cannot be read.
  public func makeOptimizer() throws -> any Optimizer {
    try OptimizerText.parse(
      optimizer, learningRate: try schedule.map { try ScheduleText.parse($0) } ?? learningRate)
  }

  /// What steers training besides the schedule.
  public func steering() throws -> [any Callback] {
    let plateau: [any Callback] = try plateau.map { [try ReduceLearningRateOnPlateau($0)] } ?? []
    return plateau + (patience.map { [EarlyStopping(patience: $0)] } ?? [])
  }
}

/// Settings that a run cannot go on with.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
  init(_ option: String, _ given: String, _ saved: String, _ way: String) {
    description = "\(option) \(given) contradicts the run, which has \(saved); \(way)"
  }
}

extension RunConfiguration {
  /// What the bits of a run depend on, so that it cannot change on the way.
  private static let fixed: [(option: String, text: @Sendable (RunConfiguration) -> String)] = [
    ("--model", { $0.model }), ("layers", { $0.layers.map { "\($0)" } ?? "none" }), ("--data", { $0.data }),
    ("--image-size", { $0.imageSize ?? "none" }),
    ("--batch-size", { "\($0.batchSize)" }), ("--loss", { $0.loss ?? "the network's" }),
    ("--optimizer", { $0.optimizer }), ("--learning-rate", { "\($0.learningRate)" }),
    ("--schedule", { $0.schedule ?? "none" }), ("--plateau", { $0.plateau ?? "none" }),
    ("--augment", { $0.augment ?? "none" }), ("--validation-split", { "\($0.validationSplit)" }),
    ("--seed", { "\($0.seed)" }),
  ]

  /// Whether a saved run can go on with this configuration: epochs and steps may grow, the folder of the data, workers
  /// and patience may change, and everything else must be what it was.
  ///
  /// - Throws: `SettingsError` with both values.
  public func checkContinuation(of saved: RunConfiguration) throws {
    for (option, text) in Self.fixed where text(self) != text(saved) {
      throw SettingsError(option, text(self), text(saved), "leave it out, or start another run")
    }
    for (option, given, before) in [
      ("--epochs", epochs, saved.epochs), ("--steps", steps ?? .max, saved.steps ?? 0),
    ]
    where given < before {
      throw SettingsError(option, "\(given)", "\(before)", "it can only grow")
    }
  }
}
