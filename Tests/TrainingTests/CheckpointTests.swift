import MartletTestSupport
import Testing

@testable import MartletTraining

@Suite struct CheckpointTests {
  private struct Stop: Error {}
  private let data = Shapes.dataset(count: 70, height: 12, width: 12, channels: 1, seed: 9)

  private func model() throws -> Sequential {
    let model = Sequential {
      Conv2D(4, kernelSize: 3, activation: .relu)
      BatchNormalization()
      Flatten()
      Dropout(0.3)
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    return model
  }

  /// Trains for two epochs of three steps; after `stop` steps with a new model, from a checkpoint.
  private func train(
    _ makeOptimizer: () -> any Optimizer, stop: Int? = nil
  ) throws -> (String, [EpochRecord]) {
    let file = try temporaryFolder().appending("checkpoint.safetensors")
    func fit(
      _ model: Sequential, _ optimizer: any Optimizer, from state: TrainingState, stop: Int?, seed: UInt64
    ) throws -> History {
      try withContext(seed: seed) {
        try model.fit(
          data, validation: data.prefix(20), epochs: 2, batchSize: 32, optimizer: optimizer, seed: 2,
          from: state,
          callbacks: [
            Listener { event, training in
              guard case .stepped = event, training.state.steps == stop else { return }
              try Checkpoint.write(model, optimizer, training.state, to: file)
              throw Stop()
            }
          ])
      }
    }
    var (model, optimizer, state) = (try model(), makeOptimizer(), TrainingState())
    if let stop {
      #expect(throws: Stop.self) { try fit(model, optimizer, from: state, stop: stop, seed: 7) }
      (model, optimizer) = (try self.model(), makeOptimizer())
      let checkpoint = try Checkpoint(from: file)
      try checkpoint.restore(model, optimizer)
      state = checkpoint.state
      #expect(state.steps == stop && optimizer.steps == stop)
    }
    var history = Array(try fit(model, optimizer, from: state, stop: nil, seed: stop == nil ? 7 : 99))
    for index in history.indices { history[index].seconds = 0 }
    return (try model.weightsHash(), history)
  }

  @Test(arguments: 1...6) func aRunGoesOnWithTheSameBits(_ stop: Int) throws {
    for make in [{ Adam() as any Optimizer }, { SGD(momentum: 0.9) }, { SGD() }] {
      let (whole, resumed) = (try train(make), try train(make, stop: stop))
      #expect(whole.0 == resumed.0)
      #expect(whole.1 == resumed.1)
    }
  }

  /// Noise is random in training and in evaluation, which one run has more often than the other.
  @Test func aRunThatEndedGoesOnWhenItsStepsGrow() throws {
    func trained(_ ends: [Int]) throws -> String {
      let model = dcgan(picture: [12, 12, 1])
      try withContext(seed: 3) { try model.build(input: [12, 12, 1]) }
      let optimizer = Adam()
      var state = TrainingState()
      try withContext(seed: 4) {
        for end in ends {
          try model.fit(
            data.prefix(20), validation: data.prefix(8), epochs: 2, batchSize: 8, steps: end,
            optimizer: optimizer, task: Adversarial(), from: state,
            callbacks: [Listener { event, training in if case .ended = event { state = training.state } }])
        }
      }
      #expect(state.steps == ends.last && state.history.map(\.epoch) == [1, 2])
      return try model.weightsHash()
    }
    #expect(try trained([5]) == trained([2, 4, 5, 5]))
  }

  /// Records with and without validation, with other measures, and with numbers that are none.
  @Test func theHistoryReturnsAsItWas() throws {
    func record(_ epoch: Int, _ measures: [Measure], _ validation: [Measure]?) -> EpochRecord {
      EpochRecord(
        epoch: epoch, steps: epoch * 7, training: BatchResult(lossSum: 0.1, count: 3, measures: measures),
        validation: validation.map { BatchResult(lossSum: .infinity, count: 2, measures: $0) }, seconds: 1 / 3
      )
    }
    let accuracy = Measure("accuracy", sums: [1, 3])
    let f1 = Measure("f1", .f1, sums: [1, 0, 2, 1, 1, 2])
    var state = TrainingState()
    (state.epoch, state.steps) = (4, 28)
    for records in [
      [],
      [
        record(1, [accuracy], nil), record(2, [accuracy, f1], [f1]), record(3, [], []),
        record(4, [accuracy], nil),
      ],
    ] {
      state.history = History(records)
      let file = try temporaryFolder().appending("checkpoint.safetensors")
      try Checkpoint.write(try model(), Adam(), state, to: file)
      #expect(try Checkpoint(from: file).state == state)
    }
  }

  @Test func aCheckpointOfAnotherModelIsAnError() throws {
    let file = try temporaryFolder().appending("checkpoint.safetensors")
    try Checkpoint.write(try model(), Adam(), TrainingState(), to: file)
    let other = Dense(3)
    try other.build(input: [4])
    let error = #expect(throws: WeightsError.self) { try Checkpoint(from: file).restore(other, Adam()) }
    #expect(error?.description.hasPrefix("\(file) does not fit the model: it lacks ") == true)
  }

  /// Divides by what is zero for pictures without a bright point.
  private final class Division: Layer {
    let scale = Parameter(.constant(0))
    func forward(_ x: Tensor) -> Tensor { x / scale([1]) }
  }

  @Test func aLossThatIsNoNumberNamesTheLayer() throws {
    let model = Sequential {
      Flatten()
      Dense(8)
      Division()
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    let before = try model.weightsHash()
    let error = #expect(throws: NonFiniteError.self) {
      try model.fit(data, batchSize: 32, optimizer: Adam(), seed: 2)
    }
    let text = try #require(error?.description)
    #expect(text.hasPrefix("the loss is nan in step 1 (epoch 1): divide (layers.2 (Division)"), "\(text)")
    #expect(text.contains(" of 32x8"))
    #expect(try model.weightsHash() == before)
  }

  @Test func brokenWeightsAndPicturesAreNamed() throws {
    let model = try model()
    let bias = try #require(model.parameters.first { $0.name == "layers.4.bias" }?.parameter)
    bias.value = Tensor([Float](repeating: .infinity, count: 10), shape: [10])
    let error = #expect(throws: NonFiniteError.self) { try model.fit(data, optimizer: Adam()) }
    #expect(
      error?.description
        == "the loss is nan in step 1 (epoch 1): layers.4.bias was not finite before it; the step "
        + "before was too large. Try a smaller learning rate")
    let pictures = HostArray([Float](repeating: .nan, count: 288), shape: [2, 12, 12, 1])
    let broken = try Dataset(
      name: "broken", images: pictures, labels: HostArray([0, 1] as [Int32]), classNames: data.classNames)
    let other = #expect(throws: NonFiniteError.self) { try self.model().fit(broken, optimizer: Adam()) }
    #expect(other?.description.hasSuffix("the pictures themselves have values that are not finite") == true)
  }
}
