import MartletData
import MartletTraining

/// Everything that a training run was started with; saved as `config.json` in its folder.
public struct RunConfiguration: Codable, Sendable, Equatable {
  public var model = "basic-cnn"
  public var data = "fashion-mnist"
  public var dataDirectory: String?
  public var epochs = 5
  public var batchSize = 128
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
  /// Training stops after this many epochs without a better test loss.
  public var patience: Int?
  /// Threads that make batches ahead of time.
  public var workers = 1
  /// Height, width and channels of the pictures.
  public var input: [Int] = []
  public var classNames: [String] = []
  /// What it ran on: the bits of the results depend on it.
  public var device = ""

  public init() {}

  /// The network of this run, built for its pictures with the initial values of its seed.
  public func buildModel() throws -> any Layer {
    let entry = try Catalog.entry(model)
    guard (1...Shape.maximumRank - 1).contains(input.count), input.allSatisfy({ $0 > 0 && $0 <= 1 << 20 })
    else {
      throw ShapeError("an input has height, width and channels; received \(input)")
    }
    let outputs = entry.task?.outputs(classes: classNames.count) ?? classNames.count
    let model = try entry.build(outputs, Shape(input))
    try withContext(seed: seed) { try model.build(input: Shape(input)) }
    return model
  }

  /// How the network trains.
  public func task() throws -> any TrainingTask { try Catalog.entry(model).trainingTask() }

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
  init(_ option: String, _ given: String, _ saved: String, _ way: String) {
    description = "\(option) \(given) contradicts the run, which has \(saved); \(way)"
  }
}

extension RunConfiguration {
  /// What the bits of a run depend on, so that it cannot change on the way.
  private static let fixed: [(option: String, text: @Sendable (RunConfiguration) -> String)] = [
    ("--model", { $0.model }), ("--data", { $0.data }), ("--batch-size", { "\($0.batchSize)" }),
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
