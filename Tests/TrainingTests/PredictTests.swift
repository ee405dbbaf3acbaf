import Glibc
import MartletTestSupport
import Synchronization
import Testing

@Suite struct PredictTests {
  private let data = Shapes.dataset(count: 30, height: 12, width: 12, channels: 1, seed: 9)

  private func model() throws -> Sequential {
    let model = Sequential {
      Conv2D(4, kernelSize: 3, activation: .relu)
      BatchNormalization()
      Flatten()
      Dropout(0.5)
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    return model
  }

  @Test func predictionsAreTheModelsOutputs() throws {
    let model = try model()
    let inputs = Classification.input(try Tensor(data.images))
    let expected = try compute(phase: .inference) { model(inputs) }.hostArray()
    #expect(expected.shape == [30, 10])
    // A data set, an array of pictures, a tensor; any batch size.
    for batchSize in [1, 7, 30, 100] {
      #expect(try model.predict(data, batchSize: batchSize) == expected)
      #expect(try model.predict(data.images, batchSize: batchSize) == expected)
      #expect(try model.predict(inputs, batchSize: batchSize) == expected)
    }
    let error = #expect(throws: ShapeError.self) { try model.predict(data.prefix(0)) }
    #expect(error?.message == "there is nothing to predict: the data set has no samples")
    let scalar = #expect(throws: ShapeError.self) { try model.predict(Tensor(3)) }
    #expect(scalar?.message == "inputs have a first axis of samples; received one number")
    #expect(throws: ShapeError.self) { try model.predict(HostArray([1, 2] as [Float], shape: [1, 2])) }
  }

  @Test func threadsPredictWithOneModelAtOnce() throws {
    let model = try model()
    let expected = try model.predict(data, batchSize: 7)
    struct Shared: @unchecked Sendable { let model: Sequential }
    let shared = Shared(model: model)
    let data = data
    let answers = Mutex([HostArray]())
    try withThreads(8) { thread in
      for round in 0..<5 {
        let answer = try shared.model.predict(data, batchSize: 1 + (thread + round) % 9)
        answers.withLock { $0.append(answer) }
      }
    }
    let found = answers.withLock { $0 }
    #expect(found.count == 40 && found.allSatisfy { $0 == expected })
  }

  /// Runs a closure on as many threads at once.
  private func withThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    final class Job: Sendable {
      let index: Int
      let body: @Sendable (Int) throws -> Void
      let failure = Mutex<(any Error)?>(nil)
      init(_ index: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
        self.index = index
        self.body = body
      }
    }
    let jobs = (0..<count).map { Job($0, body) }
    let threads = jobs.map { job in
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          let job = Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue()
          do { try job.body(job.index) } catch { job.failure.withLock { $0 = error } }
          return nil
        }, Unmanaged.passRetained(job).toOpaque())
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
    for job in jobs { if let error = job.failure.withLock({ $0 }) { throw error } }
  }

  @Test func arraysAreFittedAndEvaluated() throws {
    // y = 2 a - b, learned from numbers.
    let rows = (0..<64).map { [Float($0 % 8) / 8, Float($0 / 8) / 8] }
    let (x, y) = (Tensor(rows), Tensor(rows.map { 2 * $0[0] - $0[1] }))
    let model = Dense(1)
    try withContext(seed: 3) { try model.build(input: [2]) }
    let history = try model.fit(
      x, y, validation: (inputs: x, targets: y), epochs: 60, batchSize: 16,
      optimizer: Adam(learningRate: 0.05),
      loss: .meanSquaredError, metrics: [.meanAbsoluteError])
    #expect(history.last!.validation!.loss < 1e-3)
    #expect(try model.evaluate(x, y, loss: .huber()).loss < 1e-3)
    let weights = [Float](model.kernel.value)
    #expect(abs(weights[0] - 2) < 0.1 && abs(weights[1] + 1) < 0.1)
    // The second half is measured, and not trained on.
    let held = try Dense(1).fit(
      x, y, sampleWeights: [Float](repeating: 1, count: 32) + [Float](repeating: 0, count: 32),
      validationSplit: 0.5, batchSize: 16, optimizer: SGD(), loss: .meanSquaredError)
    #expect(held[0].training.count == 32 && held[0].validation?.count == 32)
    #expect(held[0].validation?.loss == 0 && held[0].training.loss > 0)
    let split = #expect(throws: ShapeError.self) {
      try model.fit(x, y, validationSplit: 0.999, optimizer: SGD(), loss: .meanSquaredError)
    }
    #expect(
      split?.message
        == "a validation split is a share between 0 and 1 that leaves samples on both sides; received 0.999 of 64"
    )
    let counts = #expect(throws: ShapeError.self) {
      try model.evaluate(x, Tensor([1, 2]), loss: .meanSquaredError)
    }
    #expect(
      counts?.message
        == "there is one target for each input along the first axis; received inputs 64x2 and targets 2")
  }

  /// The same bits for any number of workers, and other pictures than without augmentation.
  @Test func augmentedTrainingIsTheSameForAnyNumberOfWorkers() throws {
    func hash(_ augmentation: String?, workers: Int) throws -> String {
      let model = try model()
      _ = try withContext(seed: 5) {
        try model.fit(
          data, validation: data.prefix(5), epochs: 2, batchSize: 8, optimizer: Adam(),
          augmentation: augmentation.map { try Augmentation($0) }, workers: workers, seed: 2)
      }
      return try model.weightsHash()
    }
    let hashes = try (0...3).map { try hash("flip,shift=2", workers: $0) }
    #expect(Set(hashes).count == 1)
    #expect(try hash(nil, workers: 1) != hashes[0])
    #expect(try hash(nil, workers: 1) == hash(nil, workers: 0))
    let error = #expect(throws: ShapeError.self) { try hash("crop=8", workers: 1) }
    #expect(
      error?.message
        == "augmentation crop=8 makes pictures of 8x8x1 from 12x12x1; crop to the size of the pictures, or resize them "
        + "before")
  }
}
