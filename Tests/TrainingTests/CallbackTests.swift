import MartletTestSupport
import Testing

@testable import MartletTraining

@Suite struct CallbackTests {
  private let data = Shapes.dataset(count: 70, height: 12, width: 12, channels: 1, seed: 9)

  private func model() throws -> Sequential {
    let model = Sequential {
      Flatten()
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    return model
  }

  /// Epochs with the given validation losses.
  private func history(_ losses: [Double]) -> [EpochRecord] {
    losses.enumerated().map { index, loss in
      EpochRecord(
        epoch: index + 1, steps: index + 1, training: BatchResult(lossSum: 1, count: 1),
        validation: BatchResult(
          lossSum: loss, count: 1, measures: [Measure("accuracy", sums: [1 - loss, 1])]), seconds: 1)
    }
  }

  @Test func eventsComeInTheirOrderAndStopEndsTheRun() throws {
    var events: [String] = []
    let history = try model().fit(
      data, validation: data.prefix(10), epochs: 9, batchSize: 32, optimizer: SGD(),
      callbacks: [
        Listener { event, training in
          switch event {
          case .began: events.append("began")
          case .epochBegan(let steps): events.append("epoch \(training.state.epoch) of \(steps)")
          case .stepped(let result): events.append("\(result.count)")
          case .epochEnded(let record): events.append("ended \(record.epoch)")
          case .ended: events.append("over")
          }
          if training.state.steps == 5 { training.stop() }
        }
      ])
    #expect(
      events == [
        "began", "epoch 1 of 3", "32", "32", "6", "ended 1", "epoch 2 of 3", "32", "32", "ended 2", "over",
      ])
    #expect(history.map(\.steps) == [3, 5] && history[1].validation?.count == 10)
  }

  @Test func monitorsFindTheBestEpoch() {
    let history = history([0.5, 0.3, 0.29, .nan, 0.3])
    #expect(Monitor.validationLoss.best(of: history)?.epoch == 3)
    #expect(Monitor.validationLoss.best(of: history, by: 0.05)?.epoch == 2)
    #expect(Monitor.validation("accuracy").best(of: history)?.epoch == 3)
    #expect(Monitor.validation("accuracy", prefersMore: false).best(of: history)?.epoch == 1)
    #expect(Monitor.validation("frechet distance").isBetter(1, than: 2))
    #expect(Monitor.training("loss").best(of: history)?.epoch == 1)
    #expect(Monitor.validation("f1").best(of: history) == nil)
  }

  /// The epochs after which Keras's callback reduces, step by step by its own rules.
  @Test func plateausAreFoundAsInKeras() {
    let losses = [1, 0.9, 0.9, 0.95, 0.9, 0.9, 0.91, 0.92, 0.5, 0.6, 0.7, 0.8]
    for (patience, cooldown, expected) in [(2, 0, [4, 6, 8, 11]), (2, 2, [4, 7, 11]), (3, 0, [5, 8, 12])] {
      let callback = ReduceLearningRateOnPlateau(patience: patience, cooldown: cooldown)
      let reductions = losses.indices.map {
        callback.reductions(in: history(Array(losses[...$0])), of: .validationLoss)
      }
      let epochs = losses.indices.filter { reductions[$0] > ($0 == 0 ? 0 : reductions[$0 - 1]) }.map {
        $0 + 1
      }
      #expect(epochs == expected, "patience \(patience), cooldown \(cooldown)")
    }
  }

  @Test func theRateShrinksToItsMinimum() throws {
    let optimizer = SGD(learningRate: 0)
    optimizer.learningRate = 0.1
    let constant = Monitor.training("nothing")
    #expect(constant.best(of: []) == nil)
    var rates: [Float] = []
    try model().fit(
      data, validation: data.prefix(10), epochs: 4, batchSize: 70, optimizer: optimizer,
      callbacks: [
        ReduceLearningRateOnPlateau(factor: 0.1, patience: 1, minDelta: 1e9, minimumLearningRate: 0.005),
        Listener { event, training in if case .epochEnded = event { rates.append(training.optimizer.rate) } },
      ])
    #expect(zip(rates, [0.1, 0.01, 0.005, 0.005] as [Float]).allSatisfy { abs($0 - $1) < 1e-7 }, "\(rates)")
  }

  @Test func ratesOfEpochsAreChosen() throws {
    var rates: [Float] = []
    try model().fit(
      data, epochs: 3, batchSize: 70, optimizer: SGD(),
      callbacks: [
        LearningRateScheduler { 1 / Float($0) },
        Listener { event, training in if case .stepped = event { rates.append(training.optimizer.rate) } },
      ])
    #expect(rates == [1, 0.5, 1 / 3])
  }

  @Test func patienceEndsARunThatGetsNoBetter() throws {
    func epochs(_ callback: EarlyStopping, rate: Float) throws -> Int {
      try model().fit(
        data, validation: data.prefix(20), epochs: 9, optimizer: SGD(learningRate: rate),
        callbacks: [callback]
      ).count
    }
    #expect(try epochs(EarlyStopping(patience: 2), rate: 0) == 3)
    #expect(try epochs(EarlyStopping(patience: 2), rate: 0.01) == 9)
    #expect(try epochs(EarlyStopping(patience: 2, minDelta: 5), rate: 0.01) == 3)
  }

  /// A run that is broken off within an epoch and goes on reduces and stops where the whole one does.
  @Test func steeringGoesOnAsIfNothingHadHappened() throws {
    func steering() -> [any Callback] {
      [ReduceLearningRateOnPlateau(factor: 0.5, patience: 1), EarlyStopping(patience: 3)]
    }
    func optimizer() -> SGD { SGD(learningRate: 3) }
    func fit(
      _ model: Sequential, _ optimizer: SGD, _ state: TrainingState, _ more: [any Callback]
    ) throws -> History {
      try model.fit(
        data, validation: data.prefix(20), epochs: 12, batchSize: 16, optimizer: optimizer, seed: 4,
        from: state,
        callbacks: steering() + more)
    }
    let whole = try model()
    let records = try fit(whole, optimizer(), TrainingState(), [])
    let file = try temporaryFolder().appending("checkpoint.safetensors")
    struct Kill: Error {}
    for step in [3, 10, 23] where step < records.last!.steps {
      let broken = try model()
      let first = optimizer()
      #expect(throws: Kill.self) {
        try fit(
          broken, first, TrainingState(),
          [
            CheckpointFile(file, every: 1),
            Listener { _, training in if training.state.steps == step { throw Kill() } },
          ])
      }
      let checkpoint = try Checkpoint(from: file)
      let (resumed, second) = (try model(), optimizer())
      try checkpoint.restore(resumed, second)
      let rest = try fit(resumed, second, checkpoint.state, [])
      #expect(rest.map(\.validation) == records.map(\.validation))
      #expect(try resumed.weightsHash() == whole.weightsHash())
    }
  }

  @Test func filesHoldTheHistoryAndTheBestWeights() throws {
    let folder = try temporaryFolder()
    let (table, lines) = (folder.appending("history.csv"), folder.appending("history.jsonl"))
    let best = folder.appending("best.safetensors")
    var hashes: [String] = []
    let model = try model()
    let history = try model.fit(
      data, validation: data.prefix(10), epochs: 3, batchSize: 32, optimizer: SGD(learningRate: 0.5),
      task: Classification(metrics: [.accuracy, .topKAccuracy(3)]),
      callbacks: [
        HistoryFile(table), HistoryFile(lines), WeightsFile(best, best: .training("loss", prefersMore: true)),
        Listener { event, training in
          if case .epochEnded = event { hashes.append(try training.model.weightsHash()) }
        },
      ])
    let rows = String(decoding: try File.read(table), as: UTF8.self).split(separator: "\n")
    #expect(
      rows[0]
        == "epoch,steps,loss,accuracy,top_3_accuracy,val_loss,val_accuracy,val_top_3_accuracy,seconds")
    #expect(rows.count == 4)
    let cells = rows[3].split(separator: ",").map { Double($0)! }
    #expect(cells[2] == history[2].training.loss && cells[7] == history[2].validation!["top 3 accuracy"])
    let texts = String(decoding: try File.read(lines), as: UTF8.self).split(separator: "\n")
    #expect(texts.count == 3)
    #expect(texts[0].hasPrefix("{\"epoch\":1,\"seconds\":") && texts[0].contains("\"top 3 accuracy\":"))
    let largest = history.max { $0.training.loss < $1.training.loss }!.epoch
    try model.load(from: best)
    #expect(try model.weightsHash() == hashes[largest - 1])
  }

  @Test func optimizersAreReadFromText() throws {
    let sgd = try #require(
      try OptimizerText.parse("sgd:momentum=0.9,nesterov=true,weightDecay=0.01,clipNorm=2", learningRate: 0.5)
        as? SGD)
    #expect(sgd.momentum == 0.9 && sgd.nesterov && sgd.base.weightDecay == 0.01 && sgd.rate == 0.5)
    #expect(sgd.base.clipping == .norm(2))
    #expect(try OptimizerText.parse("adamw", learningRate: 1).base.weightDecay == 0.004)
    for name in OptimizerText.names {
      #expect(
        try OptimizerText.parse("\(name):accumulate=3,globalClipNorm=1", learningRate: 1).base.accumulate == 3
      )
    }
    for (text, message) in [
      (
        "adma",
        "there is no optimizer called adma; there are sgd, rmsprop, adam, adamw, adagrad, adadelta, adamax. Did you "
          + "mean adam?"
      ),
      (
        "sgd:moment=1",
        "there is no option of sgd called moment; there are momentum, nesterov, weightDecay, clipValue, clipNorm, "
          + "globalClipNorm, accumulate. Did you mean momentum?"
      ),
      ("sgd:momentum=1", "momentum of sgd is a number from 0 to below 1; received 1.0"),
      ("adam:clipNorm=1,clipValue=1", "adam clips in one way; received clipValue and clipNorm"),
      ("adam:clipNorm=0", "clipNorm of adam is above 0; received 0.0"),
    ] {
      let error = #expect(throws: (any Error).self) { try OptimizerText.parse(text, learningRate: 1) }
      #expect(error.map { "\($0)" } == message)
    }
    let plateau = try ReduceLearningRateOnPlateau("factor=0.5,patience=3,cooldown=2")
    #expect(plateau.factor == 0.5 && plateau.patience == 3 && plateau.cooldown == 2)
    #expect(throws: OptionTextError.self) { try ReduceLearningRateOnPlateau("factor=1") }
  }
}
