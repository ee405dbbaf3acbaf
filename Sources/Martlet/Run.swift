import FoundationEssentials
import MartletData
import MartletTraining

/// Everything that a training run was started with; saved as `config.json` in its folder.
public struct RunConfiguration: Codable, Sendable, Equatable {
  public var model: String
  public var data: String
  public var dataDirectory: String?
  public var epochs: Int
  public var batchSize: Int
  public var learningRate: Float
  public var optimizer = "adam"
  public var steps: Int?
  public var seed: UInt64
  /// Training stops after this many epochs without a better test loss.
  public var patience: Int?
  /// Height, width and channels of the pictures.
  public var input: [Int]
  public var classNames: [String]
  /// What it ran on: the bits of the results depend on it.
  public var device: String

  public init(
    model: String, data: String, dataDirectory: String?, epochs: Int, batchSize: Int, learningRate: Float,
    steps: Int?, seed: UInt64, patience: Int? = nil, input: [Int], classNames: [String], device: String
  ) {
    self.model = model
    self.data = data
    self.dataDirectory = dataDirectory
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.steps = steps
    self.seed = seed
    self.patience = patience
    self.input = input
    self.classNames = classNames
    self.device = device
  }

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

  /// The most values of a picture, and the most classes: beyond these no network has sizes that can be counted.
  public static let (largestInput, mostClasses) = (1 << 26, 1 << 16)

  /// What no run can have been started with, in words; nil where all is well. A file may say anything.
  var problem: String? {
    let counts = [
      ("epochs", epochs), ("batchSize", batchSize), ("steps", steps ?? 1), ("patience", patience ?? 1),
    ]
    for (name, value) in counts where !(1...1 << 40).contains(value) {
      return "\(name) is \(value); it must be at least 1" + (value > 0 ? " and at most \(1 << 40)" : "")
    }
    guard learningRate.isFinite && learningRate >= 0 else {
      return "learningRate is \(learningRate); it must be a number that is not negative"
    }
    guard input.count == 3, input.allSatisfy({ (1...1 << 16).contains($0) }) else {
      return "input is \(input); it must be height, width and channels, each 1 to 65536"
    }
    guard Shape(input).count <= Self.largestInput else {
      return "input is \(input); a picture has at most \(Self.largestInput) values"
    }
    guard (1...Self.mostClasses).contains(classNames.count) else {
      return
        "classNames has \(classNames.count) names; there must be at least 1 and at most \(Self.mostClasses)"
    }
    do { _ = try Catalog.entry(model) } catch { return "\(error)" }
    return nil
  }

  /// How the network trains.
  public func task() throws -> any TrainingTask { try Catalog.entry(model).trainingTask() }
}

/// The folder of a training run: `config.json`, `weights.safetensors`, `history.csv`, `checkpoint.safetensors`, and
/// `best.safetensors` with the weights of the epoch whose test loss is the least.
public struct RunFolder: Sendable {
  public let path: FilePath
  public init(_ path: FilePath) { self.path = path }

  public var configurationFile: FilePath { path.appending("config.json") }
  public var weightsFile: FilePath { path.appending("weights.safetensors") }
  public var bestFile: FilePath { path.appending("best.safetensors") }
  public var historyFile: FilePath { path.appending("history.csv") }
  public var checkpointFile: FilePath { path.appending("checkpoint.safetensors") }

  /// Makes the folder, with those around it, and writes the configuration. What an earlier run left there would be
  /// taken for this run's, so it goes before the configuration takes its name, and only where that can be written.
  public func create(_ configuration: RunConfiguration) throws {
    try File.createFolder(path)
    try write(configuration) {
      for file in [checkpointFile, bestFile, weightsFile, historyFile] { try File.remove(file) }
    }
  }

  /// Replaces the configuration, and clears away what was half written when the run was killed.
  public func write(_ configuration: RunConfiguration) throws { try write(configuration, replacing: {}) }

  private func write(_ configuration: RunConfiguration, replacing: () throws -> Void) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try File.removePartials(in: path)
    let bytes = [UInt8](try encoder.encode(configuration)) + [UInt8(ascii: "\n")]
    try File.write(to: configurationFile, replacing: replacing) { writer in
      try bytes.withUnsafeBytes { try writer.write($0) }
    }
  }

  /// The checkpoint, nil where none was written yet.
  ///
  /// - Throws: `FileError`, `FormatError` for one that is damaged.
  public func checkpoint() throws -> Checkpoint? {
    File.exists(checkpointFile) ? try Checkpoint(from: checkpointFile) : nil
  }

  /// - Throws: `FileError` where there is no run, `FormatError` where its configuration is damaged.
  public func configuration() throws -> RunConfiguration {
    guard File.exists(configurationFile) else {
      throw FileError("is not the folder of a run: it has no config.json", path: path)
    }
    let bytes = try File.readText(configurationFile)
    func refusal(_ reason: String) -> FileError {
      FileError(
        "is not a run's configuration, restore it or start another run: \(reason)", path: configurationFile)
    }
    let configuration: RunConfiguration
    do {
      configuration = try JSONDecoder().decode(RunConfiguration.self, from: Data(bytes))
    } catch { throw refusal((error as? DecodingError)?.reason ?? "it is not JSON") }
    if let problem = configuration.problem { throw refusal(problem) }
    return configuration
  }

  /// The model of the run with its trained weights.
  public func model() throws -> any Layer {
    let model = try configuration().buildModel()
    try model.loadWeights(from: weightsFile)
    return model
  }

  /// Writes one line an epoch: loss and measures in training, the same on the test part.
  ///
  /// - Parameter measures: the names of the task's measures.
  public func write(_ history: [EpochRecord], measures: [String]) throws {
    let names = (["loss"] + measures).map { String($0.map { $0 == " " ? "_" : $0 }) }
    let header = ["epoch", "steps"] + names + names.map { "test_" + $0 } + ["seconds"]
    var text = header.joined(separator: ",") + "\n"
    for record in history {
      let training = [record.training.loss] + record.training.measures
      let test = record.validation.map { [$0.loss] + $0.measures }
      let columns =
        ["\(record.epoch)", "\(record.steps)"] + training.map { "\($0)" }
        + (test?.map { "\($0)" } ?? names.map { _ in "" }) + ["\(record.seconds)"]
      text += columns.joined(separator: ",") + "\n"
    }
    try File.write(Array(text.utf8), to: historyFile)
  }
}
