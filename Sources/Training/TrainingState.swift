import MartletLayers

/// What happened in one epoch.
public struct EpochRecord: Sendable, Equatable, Codable {
  /// From 1.
  public var epoch: Int
  /// Optimizer steps since the start of training.
  public var steps: Int
  public var training: BatchResult
  public var validation: BatchResult?
  /// Of training alone.
  public var seconds: Double
}

/// How far a training run is. With the weights and the optimizer's moments it is all that the rest of the run depends
/// on: the order of the pictures is a function of seed and epoch, and random keys are counted.
public struct TrainingState: Sendable, Equatable, Codable {
  /// Where a context's random keys are.
  public struct RandomPosition: Sendable, Equatable, Codable {
    public var seed: UInt64
    public var counter: UInt64

    /// The position of the context around the caller.
    static var current: RandomPosition {
      let random = Context.current.random
      return RandomPosition(seed: random.seed, counter: random.counter)
    }
  }

  /// The epoch that goes on or comes next, from 1.
  public var epoch = 1
  /// Batches of it that are done.
  public var batch = 0
  /// Optimizer steps since the start of training.
  public var steps = 0
  /// The measures of the epoch so far.
  public var soFar = BatchResult()
  /// Seconds of training in the epoch so far.
  public var seconds = 0.0
  /// The epochs that ended, the last one maybe cut short.
  public var history = History()
  /// Nil before the first step: the keys are those of the context.
  public var random: RandomPosition?

  /// All but the history.
  private enum CodingKeys: CodingKey { case epoch, batch, steps, soFar, seconds, random }

  /// The start of training.
  public init() {}

  /// Whether a run can have come here: a file may say anything, and a run goes on by counting from what it says.
  var isPossible: Bool {
    func isCount(_ value: Int) -> Bool { (0...1 << 48).contains(value) }
    let results = [soFar] + history.flatMap { [$0.training] + ($0.validation.map { [$0] } ?? []) }
    let epochs = history.map(\.epoch)
    return epoch >= 1 && isCount(epoch) && isCount(batch) && isCount(steps)
      && results.allSatisfy { isCount($0.count) && $0.measures.allSatisfy(\.isPossible) }
      && history.allSatisfy { (0...steps).contains($0.steps) }
      && epochs.allSatisfy { (1...epoch).contains($0) } && zip(epochs, epochs.dropFirst()).allSatisfy(<)
      && random?.counter ?? 0 <= 1 << 62
  }

  /// Whether the steps taken have an epoch's record.
  var isMeasured: Bool { history.last?.steps ?? 0 == steps }

  mutating func add(_ result: BatchResult, seconds: Double) {
    soFar += result
    self.seconds += seconds
    batch += 1
    steps += 1
    random = .current
  }

  /// Ends the epoch with a record. One that was cut short can still go on from where it stopped, and then gets another
  /// record instead.
  mutating func endEpoch(_ validation: BatchResult?, isWhole: Bool) -> EpochRecord {
    let record = EpochRecord(
      epoch: epoch, steps: steps, training: soFar, validation: validation, seconds: seconds)
    if history.last?.epoch == epoch { history.removeLast() }
    history.append(record)
    if isWhole {
      epoch += 1
      batch = 0
      soFar = BatchResult()
      seconds = 0
      random = .current
    }
    return record
  }
}
