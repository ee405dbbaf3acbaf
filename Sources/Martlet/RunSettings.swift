import FoundationEssentials
import MartletTraining

/// What is asked of a run, on the command line or in a file. Nil is what nobody said.
public struct RunSettings: Codable, Sendable, Equatable {
  public var model: String?
  public var data: String?
  public var dataDirectory: String?
  public var epochs: Int?
  public var batchSize: Int?
  public var learningRate: Float?
  public var steps: Int?
  public var seed: UInt64?
  public var patience: Int?

  public init() {}

  /// What a file may name, in the order of the explanation. The last ones are in a run's saved configuration, where
  /// they follow from the others.
  private static let names = [
    "model", "data", "dataDirectory", "epochs", "batchSize", "learningRate", "steps", "seed", "patience",
  ]
  private static let derived: Set = ["optimizer", "input", "classNames", "device"]

  private struct Anything: Decodable { init(from decoder: any Decoder) throws {} }

  /// The settings in a file of JSON5: JSON with comments, unquoted names and commas at the ends of lists.
  ///
  /// - Throws: `FileError` where it cannot be read or is not JSON5; `NameError` for an unknown setting, with the nearest
  ///   one that there is.
  public static func read(_ path: FilePath) throws -> RunSettings {
    let bytes = Data(try File.read(path))
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    do {
      let found = try decoder.decode([String: Anything].self, from: bytes).keys.sorted()
      if let stranger = found.first(where: { !names.contains($0) && !derived.contains($0) }) {
        throw NameError(kind: "setting", name: stranger, known: names)
      }
      return try decoder.decode(RunSettings.self, from: bytes)
    } catch let error as DecodingError {
      throw FileError("is not a file of settings: \(error.reason)", path: path)
    }
  }

  /// These settings, and those of a file where nothing was said here.
  public func over(_ other: RunSettings) -> RunSettings {
    var result = other
    result.model = model ?? other.model
    result.data = data ?? other.data
    result.dataDirectory = dataDirectory ?? other.dataDirectory
    result.epochs = epochs ?? other.epochs
    result.batchSize = batchSize ?? other.batchSize
    result.learningRate = learningRate ?? other.learningRate
    result.steps = steps ?? other.steps
    result.seed = seed ?? other.seed
    result.patience = patience ?? other.patience
    return result
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
  /// The configuration of this run when it goes on with some settings: epochs and steps may grow, the folder of the
  /// data and the patience may change, and everything else must be what it was.
  ///
  /// - Throws: `SettingsError` with both values.
  public func continued(with asked: RunSettings) throws -> RunConfiguration {
    func keep<T: Equatable>(_ option: String, _ given: T?, _ saved: T) throws {
      guard let given, given != saved else { return }
      throw SettingsError(option, "\(given)", "\(saved)", "leave it out, or start another run")
    }
    func grow(_ option: String, _ given: Int?, _ saved: Int?) throws {
      guard let given, let saved, given < saved else { return }
      throw SettingsError(option, "\(given)", "\(saved)", "it can only grow")
    }
    try keep("--model", asked.model, model)
    try keep("--data", asked.data, data)
    try keep("--batch-size", asked.batchSize, batchSize)
    try keep("--learning-rate", asked.learningRate, learningRate)
    try keep("--seed", asked.seed, seed)
    try grow("--epochs", asked.epochs, epochs)
    try grow("--steps", asked.steps, steps)
    var result = self
    result.epochs = asked.epochs ?? epochs
    result.steps = asked.steps ?? steps
    result.dataDirectory = asked.dataDirectory ?? dataDirectory
    result.patience = asked.patience ?? patience
    return result
  }
}

extension DecodingError {
  /// What is wrong with a file of JSON, in a few words.
  var reason: String {
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
