import FoundationEssentials
import MartletData
import MartletLayers

/// Writes the epochs so far to a file after each one: a table in CSV, or in JSON Lines where its name ends in `.jsonl`.
///
/// Each file is replaced as a whole, so that a run that goes on leaves no epoch twice.
public struct HistoryFile: Callback {
  public let path: FilePath
  public init(_ path: FilePath) { self.path = path }

  public func receive(_ event: TrainingEvent, from training: Training) throws {
    if case .epochEnded = event { try write(training.state.history) }
  }

  /// - Throws: `FileError`; the file is as it was then.
  public func write(_ history: some Collection<EpochRecord>) throws {
    // Line by line: the file may have many.
    try File.write(to: path) { writer in
      func write(_ line: String) throws {
        try Array((line + "\n").utf8).withUnsafeBytes { try writer.write($0) }
      }
      if path.extension == "jsonl" {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
          positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        for record in history {
          try write(String(decoding: try encoder.encode(Line(record)), as: UTF8.self))
        }
      } else {
        let columns = history.first.map(Columns.init) ?? Columns()
        try write(columns.header)
        for record in history { try write(columns.row(record)) }
      }
    }
  }

  /// Loss and measures in training, and in validation under `val_`.
  private struct Columns {
    var training: [String] = []
    var validation: [String] = []

    init() {}

    init(_ record: EpochRecord) {
      func names(_ result: BatchResult) -> [String] { ["loss"] + result.measures.map(\.name) }
      training = names(record.training)
      validation = record.validation.map(names) ?? training
    }

    var header: String {
      let names = (training + validation.map { "val_" + $0 }).map { String($0.map { $0 == " " ? "_" : $0 }) }
      return (["epoch", "steps"] + names + ["seconds"]).joined(separator: ",")
    }

    func row(_ record: EpochRecord) -> String {
      func cells(_ names: [String], _ result: BatchResult?) -> [String] {
        names.map { name in result?[name].map { "\($0)" } ?? "" }
      }
      let cells = cells(training, record.training) + cells(validation, record.validation)
      return (["\(record.epoch)", "\(record.steps)"] + cells + ["\(record.seconds)"]).joined(separator: ",")
    }
  }

  private struct Line: Encodable {
    let epoch: Int
    let steps: Int
    let training: [String: Double]
    let validation: [String: Double]?
    let seconds: Double

    init(_ record: EpochRecord) {
      func values(_ result: BatchResult) -> [String: Double] {
        Dictionary(
          [("loss", result.loss)] + result.measures.map { ($0.name, $0.value) },
          uniquingKeysWith: { a, _ in a })
      }
      epoch = record.epoch
      steps = record.steps
      training = values(record.training)
      validation = record.validation.map(values)
      seconds = record.seconds
    }
  }
}

/// Writes the weights after each epoch that is the best one so far, or after every epoch.
public struct WeightsFile: Callback {
  public let path: FilePath
  /// Nil writes after every epoch.
  public let monitor: Monitor?

  public init(_ path: FilePath, best monitor: Monitor? = nil) {
    self.path = path
    self.monitor = monitor
  }

  public func receive(_ event: TrainingEvent, from training: Training) throws {
    guard case .epochEnded(let record) = event else { return }
    if let monitor, monitor.best(of: training.state.history)?.epoch != record.epoch { return }
    try write(training)
  }

  /// - Throws: `FileError`; the file is as it was then.
  public func write(_ training: Training) throws { try training.model.save(to: path) }
}

/// Writes a `Checkpoint` after each epoch, and after every n steps where asked to. It belongs behind the callbacks that
/// write other files: what they did before it happens again when the run goes on.
public struct CheckpointFile: Callback {
  public let path: FilePath
  public let steps: Int?

  public init(_ path: FilePath, every steps: Int? = nil) {
    precondition(steps ?? 1 > 0, "a checkpoint is written every step at most; received \(steps ?? 1)")
    self.path = path
    self.steps = steps
  }

  public func receive(_ event: TrainingEvent, from training: Training) throws {
    switch event {
    case .stepped where steps != nil && training.state.steps % steps! == 0: try write(training)
    case .epochEnded: try write(training)
    default: break
    }
  }

  /// - Throws: `FileError`; the file is as it was then.
  public func write(_ training: Training) throws {
    try Checkpoint.write(training.model, training.optimizer, training.state, to: path)
  }
}
