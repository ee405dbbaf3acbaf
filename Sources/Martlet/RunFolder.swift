import FoundationEssentials
import MartletData
import MartletTraining

/// The folder of a training run: `config.json`, `weights.safetensors`, `history.csv`, `history.jsonl`,
/// `checkpoint.safetensors`, and `best.safetensors` with the weights of the epoch whose test loss is the least.
public struct RunFolder: Sendable {
  public let path: FilePath
  public init(_ path: FilePath) { self.path = path }

  public var configurationFile: FilePath { path.appending("config.json") }
  public var weightsFile: FilePath { path.appending("weights.safetensors") }
  public var bestFile: FilePath { path.appending("best.safetensors") }
  public var historyFiles: [FilePath] { ["history.csv", "history.jsonl"].map { path.appending($0) } }
  public var checkpointFile: FilePath { path.appending("checkpoint.safetensors") }

  /// Makes the folder, with those around it, and writes the configuration. What an earlier run left there would be
  /// taken for this run's, so it goes first.
  public func create(_ configuration: RunConfiguration) throws {
    try File.createFolder(path)
    for file in [checkpointFile, bestFile, weightsFile] + historyFiles { try File.remove(file) }
    try write(configuration)
  }

  /// Replaces the configuration, and clears away what was half written when the run was killed.
  public func write(_ configuration: RunConfiguration) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try File.removePartials(in: path)
    try File.write([UInt8](try encoder.encode(configuration)) + [UInt8(ascii: "\n")], to: configurationFile)
  }

  /// What writes the folder's files while training goes on, in the order in which they have to be written.
  ///
  /// - Parameter steps: how often a checkpoint is written besides after each epoch.
  public func writers(checkpointEvery steps: Int? = nil) -> [any Callback] {
    [WeightsFile(weightsFile), WeightsFile(bestFile, best: .validationLoss)]
      + historyFiles.map { HistoryFile($0) } + [CheckpointFile(checkpointFile, every: steps)]
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
    try model.load(from: weightsFile)
    return model
  }
}

extension DecodingError {
  /// What is wrong with a file of JSON, in a few words.
  package var reason: String {
    switch self {
    case .keyNotFound(let key, _): "\(key.stringValue) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      context.codingPath.isEmpty
        ? "it is not an object"
        : "\(context.codingPath.map(\.stringValue).joined(separator: ".")) has another type"
    default: "it is not JSON"
    }
  }
}
