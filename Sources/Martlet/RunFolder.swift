import FoundationEssentials
import MartletData
import MartletTraining

/// The folder of a training run: `config.json`, `weights.safetensors`, `history.csv`, `history.jsonl`,
/// `checkpoint.safetensors`, and `best.safetensors` with the weights of the best epoch by the task's `monitor`;
/// `curves.png`, and `pictures` of what the network makes of some test pictures; `tensorboard` where that was asked for.
public struct RunFolder: Sendable {
  public let path: FilePath
  public init(_ path: FilePath) { self.path = path }

  public var configurationFile: FilePath { path.appending("config.json") }
  public var weightsFile: FilePath { path.appending("weights.safetensors") }
  public var bestFile: FilePath { path.appending("best.safetensors") }
  public var historyFiles: [FilePath] { ["history.csv", "history.jsonl"].map { path.appending($0) } }
  public var checkpointFile: FilePath { path.appending("checkpoint.safetensors") }
  public var curvesFile: FilePath { path.appending("curves.png") }
  public var picturesFolder: FilePath { path.appending("pictures") }
  public var tensorBoardFolder: FilePath { path.appending("tensorboard") }

  /// Makes the folder, with those around it, and writes the configuration. What an earlier run left there would be
  /// taken for this run's, so it goes before the configuration takes its name, and only where that can be written.
  public func create(_ configuration: RunConfiguration) throws {
    try File.createFolder(path)
    try write(configuration) {
      for file in [checkpointFile, bestFile, weightsFile, curvesFile] + historyFiles { try File.remove(file) }
      #if Imaging
        try PictureFiles.removeAll(in: picturesFolder)
      #endif
      try TensorBoard.removeAll(in: tensorBoardFolder)
    }
  }

  /// Replaces the configuration, and clears away what was half written when the run was killed.
  public func write(_ configuration: RunConfiguration) throws { try write(configuration, replacing: {}) }

  private func write(_ configuration: RunConfiguration, replacing: () throws -> Void) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    for folder in [path, picturesFolder] { try File.removePartials(in: folder) }
    let bytes = [UInt8](try encoder.encode(configuration)) + [UInt8(ascii: "\n")]
    try File.write(to: configurationFile, replacing: replacing) { writer in
      try bytes.withUnsafeBytes { try writer.write($0) }
    }
  }

  /// What writes the folder's files while training goes on, in the order in which they have to be written.
  ///
  /// - Parameters:
  ///   - monitor: what the best epoch is found by.
  ///   - steps: how often a checkpoint is written besides after each epoch.
  public func writers(best monitor: Monitor, checkpointEvery steps: Int? = nil) -> [any Callback] {
    [WeightsFile(weightsFile), WeightsFile(bestFile, best: monitor)]
      + historyFiles.map { HistoryFile($0) } + pictures + [CheckpointFile(checkpointFile, every: steps)]
  }

  private var pictures: [any Callback] {
    #if Imaging
      [CurvesFile(curvesFile), PictureFiles(picturesFolder)]
    #else
      []
    #endif
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
        : "\(context.codingPath.path) has another type"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      "\(context.codingPath.path): \(context.debugDescription)"
    default: "it is not JSON"
    }
  }
}

extension [any CodingKey] {
  /// As in `layers.2.units`.
  fileprivate var path: String {
    map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}
