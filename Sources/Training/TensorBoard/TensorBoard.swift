import MartletData
import MartletLayers

/// Writes what TensorBoard shows of a training run while it goes on: loss and learning rate of the steps; loss and
/// measures, the parameters' histograms and the task's pictures after each epoch.
///
/// ```swift
/// try model.fit(
///   train, validation: test, epochs: 5, optimizer: Adam(), callbacks: [TensorBoard("runs/first/tensorboard")])
/// ```
/// Then `tensorboard --logdir runs` shows it at http://localhost:6006. There are two folders, `train` and `validation`,
/// so that the curves of both lie in one chart. All numbers stand over optimizer steps.
///
/// The run is the same with it and without: it takes no random keys and changes nothing in the model. Where a run that
/// was killed goes on from a checkpoint, what was written after that step becomes void; so it belongs before
/// `CheckpointFile`.
public final class TensorBoard: Callback {
  public let folder: FilePath
  private let stepsBetween: Int
  private let histograms: Bool
  private let images: Int

  private var training: EventFile?
  private var validation: EventFile?
  /// From which step on earlier files are void.
  private var start = 0

  /// - Parameters:
  ///   - folder: of the run, made where there is none.
  ///   - steps: of every so many steps the loss and the learning rate are written.
  ///   - histograms: whether there are histograms of the parameters.
  ///   - images: how many pictures of the validation data are shown.
  public init(_ folder: FilePath, scalarsEvery steps: Int = 10, histograms: Bool = true, images: Int = 8) {
    precondition(steps > 0, "a point is written every step at most; received \(steps)")
    precondition(images >= 0, "the number of pictures is not negative; received \(images)")
    self.folder = folder
    self.stepsBetween = steps
    self.histograms = histograms
    self.images = images
  }

  /// - Throws: `FileError`, as where the disk is full; what the task throws.
  public func receive(_ event: TrainingEvent, from training: Training) throws {
    switch event {
    case .began: try begin(training.state)
    case .stepped(let result): try write(result, training)
    case .epochEnded(let record): try write(record, training)
    case .epochBegan, .ended: break
    }
  }

  private var trainingFolder: FilePath { folder.appending("train") }
  private var validationFolder: FilePath { folder.appending("validation") }

  /// Removes what was written to a folder.
  ///
  /// - Throws: `FileError`.
  public static func removeAll(in folder: FilePath) throws {
    for part in ["train", "validation"] { try EventFile.removeAll(in: folder.appending(part)) }
    try EventFile.removeAll(in: folder)
  }

  private func begin(_ state: TrainingState) throws {
    start = state.steps == 0 ? 0 : state.steps + 1
    training = try EventFile(folder: trainingFolder, from: start)
    // Where a run goes on, curves of its end are there already.
    validation = nil
    if File.exists(validationFolder) { _ = try validationFile() }
  }

  private func write(_ result: BatchResult, _ run: Training) throws {
    guard run.state.steps % stepsBetween == 0 else { return }
    let optimizer = run.optimizer
    let rate = optimizer.learningRate.rate(at: max(0, optimizer.steps - 1)) * optimizer.plateauFactor
    try training?.write(
      [("step/loss", .scalar(result.loss)), ("step/learning_rate", .scalar(Double(rate)))],
      step: run.state.steps)
  }

  private func write(_ record: EpochRecord, _ run: Training) throws {
    var values = scalars(record.training)
    if histograms {
      for (name, parameter) in run.model.parameters {
        guard let cell = parameter.cell, cell.dtype == .float32 else { continue }
        let array = try cell.storage.download(shape: cell.shape, dtype: cell.dtype)
        values.append(("parameters/" + name, .histogram(Histogram(of: array))))
      }
    }
    try training?.write(values, step: record.steps)
    guard let result = record.validation else { return }
    try validationFile().write(scalars(result) + pictures(run), step: record.steps)
  }

  private func validationFile() throws -> EventFile {
    let file = try validation ?? EventFile(folder: validationFolder, from: start)
    validation = file
    return file
  }

  private func scalars(_ result: BatchResult) -> [(tag: String, value: EventFile.Value)] {
    ([("loss", result.loss)] + result.measures.map { ($0.name, $0.value) }).map { name, value in
      ("epoch/" + String(name.map { $0 == " " ? "_" : $0 }), .scalar(value))
    }
  }

  private func pictures(_ run: Training) throws -> [(tag: String, value: EventFile.Value)] {
    #if Imaging
      try run.pictures(images).map { ("pictures/" + $0.name, .picture($0.picture)) }
    #else
      []
    #endif
  }
}
