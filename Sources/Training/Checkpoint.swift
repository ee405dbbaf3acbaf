import FoundationEssentials
import MartletData
import MartletLayers

/// A training run in one safetensors file: weights, the optimizer's state, and how far it is. A run that goes on from
/// one ends with the same bits as a run that never stopped.
///
/// ```swift
/// try Checkpoint.write(model, optimizer, state, to: "runs/first/checkpoint.safetensors")
///
/// let checkpoint = try Checkpoint(from: "runs/first/checkpoint.safetensors")
/// try checkpoint.restore(model, optimizer)
/// try model.fit(train, epochs: 5, optimizer: optimizer, from: checkpoint.state)
/// ```
public struct Checkpoint: Sendable {
  public let state: TrainingState
  private let path: FilePath
  private let weights: [String: HostArray]
  private let optimizer: [String: HostArray]

  private static let format = "martlet-checkpoint-2"
  private static let (weightsPrefix, optimizerPrefix, historyName) = ("model.", "optimizer.", "history")

  /// What the file says in words: the state, and what the history's numbers are, which are an array.
  private struct Words: Codable {
    var state: TrainingState
    var layouts: [History.Layout]
  }

  /// Replaces a checkpoint by the next one, or leaves it as it was: see `File.write`.
  ///
  /// - Throws: `FileError` where it cannot be written.
  public static func write(
    _ model: any Layer, _ optimizer: any Optimizer, _ state: TrainingState, to path: FilePath
  ) throws {
    // Where they lie: a checkpoint needs no second place in memory for what it writes.
    let arrays =
      model.storedWeights.map { $0.named(weightsPrefix + $0.name) }
      + optimizer.storedState.map { $0.named(optimizerPrefix + $0.name) }
      + [state.history.stored(name: historyName)]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let text = String(
      decoding: try encoder.encode(Words(state: state, layouts: state.history.layouts)), as: UTF8.self)
    try Safetensors.write(
      arrays, metadata: ["format": format, "state": text, "sha256": try hash(of: arrays, text)], to: path)
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `FileError` where there is none; `FormatError` for one that is damaged, or no checkpoint.
  public init(from path: FilePath) throws {
    let file = try SafetensorsFile(path)
    guard file.metadata["format"] == Self.format, let text = file.metadata["state"] else {
      throw FormatError(
        "is not a checkpoint of this version (\(Self.format)); martlet train writes such ones", path: path)
    }
    let wayOut = "restore an earlier one, or start another run"
    let arrays = try file.arrays()
    let stored = arrays.map { StoredArray(name: $0.key, array: $0.value) }
    guard try file.metadata["sha256"] == Self.hash(of: stored, text) else {
      throw FormatError(
        "is damaged: its contents do not have the SHA-256 that it names; \(wayOut)", path: path)
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let words = try? decoder.decode(Words.self, from: Data(text.utf8)),
      let rows = arrays[Self.historyName],
      let history = History(words.layouts, rows)
    else {
      throw FormatError("is damaged: its training state cannot be read; \(wayOut)", path: path)
    }
    var state = words.state
    state.history = history
    guard state.isPossible else {
      throw FormatError("is damaged: its training state is none that a run can have; \(wayOut)", path: path)
    }
    func part(_ prefix: String) -> [String: HostArray] {
      Dictionary(
        uniqueKeysWithValues: arrays.filter { $0.key.hasPrefix(prefix) }.map {
          (String($0.key.dropFirst(prefix.count)), $0.value)
        })
    }
    self.state = state
    weights = part(Self.weightsPrefix)
    optimizer = part(Self.optimizerPrefix)
    self.path = path
  }

  /// Gives a built model its weights back, and a fresh optimizer of the same settings its state.
  ///
  /// - Throws: `WeightsError` for another model; what the optimizer throws.
  public func restore(_ model: any Layer, _ optimizer: any Optimizer) throws {
    try model.setWeights(weights, from: path)
    try optimizer.restore(self.optimizer, for: model)
  }

  /// Of the state and all arrays in the order of their names.
  private static func hash(of arrays: [StoredArray], _ state: String) throws -> String {
    var hash = SHA256()
    Array(state.utf8).withUnsafeBytes { hash.update($0) }
    for array in arrays.sorted(by: { $0.name < $1.name }) {
      Array(array.name.utf8).withUnsafeBytes { hash.update($0) }
      try array.forEachPiece { hash.update($0) }
    }
    return hash.hex()
  }
}
