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
  /// taken for this run's, so it goes first.
  public func create(_ configuration: RunConfiguration) throws {
    try File.createFolder(path)
    for file in [checkpointFile, bestFile, weightsFile, historyFile] { try File.remove(file) }
    try write(configuration)
  }

  /// Replaces the configuration, and clears away what was half written when the run was killed.
  public func write(_ configuration: RunConfiguration) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try File.removePartials(in: path)
    try File.write([UInt8](try encoder.encode(configuration)) + [UInt8(ascii: "\n")], to: configurationFile)
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
    let bytes = try File.read(configurationFile)
    do {
      return try JSONDecoder().decode(RunConfiguration.self, from: Data(bytes))
    } catch {
      let reason = (error as? DecodingError)?.reason ?? "it is not JSON"
      throw FileError("is not a run's configuration: \(reason)", path: configurationFile)
    }
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
