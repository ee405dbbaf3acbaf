import MartletTestSupport
import Testing

@Suite struct TensorBoardTests {
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

  /// Two epochs of three steps.
  @discardableResult private func fit(
    _ model: any Layer, on data: Dataset? = nil, from state: TrainingState = TrainingState(),
    optimizer: any Optimizer = Adam(), _ callbacks: [any Callback]
  ) throws -> History {
    let data = data ?? self.data
    return try withContext(seed: 7) {
      try model.fit(
        data, validation: data.prefix(20), epochs: 2, batchSize: 32, optimizer: optimizer,
        seed: 2,
        from: state, callbacks: callbacks)
    }
  }

  private func events(_ folder: FilePath, _ part: String) throws -> [[EventReader.Event]] {
    try EventReader.events(in: folder.appending(part))
  }

  /// The values of a tag by their steps.
  private func curve(_ tag: String, _ events: [EventReader.Event]) -> [Int: Float] {
    Dictionary(
      uniqueKeysWithValues: events.compactMap { event in event.scalars[tag].map { (event.step, $0) } })
  }

  @Test(.enabled(if: hasImaging)) func everythingStandsInTheFiles() throws {
    let (folder, model) = (try temporaryFolder(), try self.model())
    var losses: [Int: Float] = [:]
    let listener = Listener { event, training in
      if case .stepped(let result) = event { losses[training.state.steps] = Float(result.loss) }
    }
    let schedule = ExponentialDecay(0.01, decaySteps: 1, decayRate: 0.5)
    let history = try fit(
      model, optimizer: Adam(learningRate: schedule),
      [listener, TensorBoard(folder, scalarsEvery: 1, images: 3)])
    let train = try #require(try events(folder, "train").first)
    let validation = try #require(try events(folder, "validation").first)
    #expect(curve("step/loss", train) == losses && losses.count == 6)
    #expect(curve("step/learning_rate", train)[3] == schedule.rate(at: 2))
    for (events, part) in [(train, \EpochRecord.training), (validation, \EpochRecord.validation!)] {
      #expect(
        curve("epoch/loss", events) == [
          3: Float(history[0][keyPath: part].loss), 6: Float(history[1][keyPath: part].loss),
        ])
      #expect(curve("epoch/accuracy", events)[6] == Float(history[1][keyPath: part].accuracy))
    }
    let last = try #require(train.last)
    #expect(last.step == 6 && last.histograms.count == model.parameters.count)
    for (name, parameter) in model.parameters {
      let histogram = Histogram(of: try parameter.value.hostArray())
      let written = try #require(last.histograms["parameters/" + name])
      #expect(written[6] == histogram.limits && written[7] == histogram.counts.map(Double.init))
    }
    let pictures = try #require(validation.last?.pictures)
    #expect(pictures.count == 3 && pictures.keys.allSatisfy { $0.hasPrefix("pictures/") })
    let first = try #require(pictures.first { $0.key.hasPrefix("pictures/0 ") }?.value)
    // 12 pixels become 192, with two lines of 11 points and a border below.
    #expect(first.shape == [192 + 48, 192, 3])
    #expect(first.bytes[3 * 192 * 5 + 3 * 5] == data.images.bytes[0])
  }

  @Test func theRunIsTheSameWithIt() throws {
    let models = [try model(), try model()]
    var random: [TrainingState.RandomPosition?] = []
    let listener = Listener { _, training in random.append(training.state.random) }
    try fit(models[0], [listener])
    let without = random
    random = []
    try fit(models[1], [TensorBoard(try temporaryFolder(), scalarsEvery: 1), listener])
    #expect(try models[0].weightsHash() == models[1].weightsHash())
    #expect(random == without)
  }

  /// A run is broken off after step 5 and goes on from step 2.
  @Test func whatIsBehindACheckpointBecomesVoid() throws {
    let folder = try temporaryFolder()
    let file = folder.appending("checkpoint.safetensors")
    let listener = Listener { event, training in
      guard case .stepped = event else { return }
      if training.state.steps == 2 {
        try Checkpoint.write(training.model, training.optimizer, training.state, to: file)
      }
      if training.state.steps == 5 { throw Stop() }
    }
    #expect(throws: Stop.self) { try fit(self.model(), [TensorBoard(folder, scalarsEvery: 1), listener]) }
    let (model, optimizer, checkpoint) = (try self.model(), Adam(), try Checkpoint(from: file))
    try checkpoint.restore(model, optimizer)
    try fit(model, from: checkpoint.state, optimizer: optimizer, [TensorBoard(folder, scalarsEvery: 1)])
    let files = try events(folder, "train")
    #expect(files.count == 2 && files[1][1].sessionStatus == 1 && files[1][1].step == 3)
    #expect(try events(folder, "validation").map { $0[1].step } == [0, 3])
    // As TensorBoard reads it: a start takes away what is at its step and behind it.
    var loss: [Int: Float] = [:]
    for event in files.joined() {
      if event.sessionStatus == 1 { loss = loss.filter { $0.key < event.step } }
      if let value = event.scalars["step/loss"] {
        #expect(loss.updateValue(value, forKey: event.step) == nil)
      }
    }
    let whole = try temporaryFolder()
    try fit(self.model(), [TensorBoard(whole, scalarsEvery: 1)])
    #expect(loss == curve("step/loss", try events(whole, "train")[0]))
    try TensorBoard.removeAll(in: folder)
    #expect(try File.names(in: folder) == ["checkpoint.safetensors"])
  }

  @Test(.enabled(if: hasImaging)) func segmentationShowsTruthAndPrediction() throws {
    let data = Shapes(height: 16, width: 16, channels: 3, seed: 4).drawnDataset(count: 40, withMasks: true)
    let model = Sequential { Conv2D(11, kernelSize: 1) }
    try model.build(input: [16, 16, 3])
    let batch = data.batch(0..<12)
    let pictures = try Segmentation().pictures(model, of: batch, classNames: data.classNames)
    #expect(
      pictures.map(\.name).first == "00 with truth and prediction"
        && pictures.map(\.name).last?.hasPrefix("11 ") == true)
    #expect(pictures.allSatisfy { $0.picture.shape == [16, 3 * 16 + 4, 3] })
    let masks = try #require(batch.masks)
    let predicted = try model(Classification.input(try Tensor(batch.images))).argmax(axis: -1)
      .elements(as: Int32.self)
    let sheet = pictures[5].picture
    func pixel(_ y: Int, _ x: Int) -> [UInt8] {
      let place = (y * sheet.shape[1] + x) * 3
      return Array(sheet.bytes[place..<place + 3])
    }
    func color(_ index: Int) -> [UInt8] {
      let color = ColorPicture.Color.ofClass(index)
      return [color.x, color.y, color.z]
    }
    for (y, x) in [(0, 0), (7, 8), (15, 15)] {
      let place = (5 * 16 + y) * 16 + x
      #expect(pixel(y, x) == Array(batch.images.bytes[place * 3..<place * 3 + 3]))
      #expect(pixel(y, 18 + x) == color(Int(masks.bytes[place])))
      #expect(pixel(y, 36 + x) == color(Int(predicted[place])))
    }
  }

  /// After every epoch a sheet of pictures and one of ways between them, whatever the number of other pictures is.
  @Test(.enabled(if: hasImaging)) func generatedPicturesStandInTheFiles() throws {
    let (folder, network) = (try temporaryFolder(), try smallAdversarialNetwork())
    try withContext(seed: 7) {
      _ = try network.fit(
        data.prefix(8), validation: data.prefix(8), epochs: 2, batchSize: 4, optimizer: Adam(),
        task: Adversarial(), callbacks: [TensorBoard(folder, images: 3)])
    }
    let pictures = try events(folder, "validation")[0].filter { !$0.pictures.isEmpty }
    #expect(pictures.map(\.step) == [2, 4])
    for event in pictures {
      #expect(Set(event.pictures.keys) == ["pictures/generated", "pictures/interpolated"])
    }
    let drawn = try Adversarial().pictures(network, of: data.batch(0..<1), classNames: [])
    #expect(pictures.last?.pictures["pictures/generated"] == drawn[0].picture)
    #expect(pictures.last?.pictures["pictures/interpolated"] == drawn[1].picture)
  }

  @Test(.enabled(if: hasImaging)) func generatedPicturesComeFromTheSameNoise() throws {
    let network = try smallAdversarialNetwork()
    let batch = data.batch(0..<4)
    let pictures = try withContext(seed: 3) {
      let before = Context.current.random.counter
      let pictures = try (0..<2).map { _ in try Adversarial().pictures(network, of: batch, classNames: []) }
      #expect(Context.current.random.counter == before)
      return pictures
    }
    #expect(pictures[0] == pictures[1] && pictures[0].map(\.name) == ["generated", "interpolated"])
    // Eight rows of eight with gaps of two, each point twice as large.
    #expect(pictures[0].allSatisfy { $0.picture.shape == [2 * (8 * 14 - 2), 2 * (8 * 14 - 2), 3] })
    // Neighbours on the way are more like each other than pictures of their own noise are.
    func differences(_ sheet: HostArray) -> Int {
      let size = sheet.shape[1]
      return (0..<size * 3 - 28 * 3).reduce(0) { sum, x in
        sum + abs(Int(sheet.bytes[x]) - Int(sheet.bytes[x + 28 * 3]))
      }
    }
    #expect(differences(pictures[0][1].picture) * 2 < differences(pictures[0][0].picture))
  }

  @Test func tasksWithNothingToShowShowNothing() throws {
    let inputs = HostArray((0..<30).map(Float.init), shape: [10, 3])
    let data = try Dataset(inputs: inputs, targets: HostArray((0..<10).map { Int32($0 % 2) }))
    let model = Sequential { Dense(2) }
    try model.build(input: [3])
    let folder = try temporaryFolder()
    try fit(model, on: data, [TensorBoard(folder)])
    #expect(try events(folder, "validation")[0].allSatisfy { $0.pictures.isEmpty })
    #expect(try events(folder, "train")[0].last?.histograms.count == 2)
  }
}
