import MartletTestSupport
import Testing

@testable import MartletTraining

@Suite struct AdversarialTests {
  private let shapes = Shapes(height: 12, width: 12, channels: 1, seed: 9)

  /// The critic's loss and what is measured, from its numbers for the same pictures.
  @Test func wassersteinMeasuresByDefinition() throws {
    let (network, batch) = (try smallAdversarialNetwork(), shapes.dataset(count: 6).batch(0..<6))
    let task = Adversarial(.wasserstein(penalty: 3, criticSteps: 2))
    let result = try withContext(seed: 8) { try task.evaluate(network, on: batch) }
    let images = try Classification.input(Tensor(batch.images)) * 2 - 1
    let numbers = try withContext(seed: 8) { try compute { network(images) } }.elements(as: Float.self).map(
      Double.init)
    let (real, generated) = (numbers.prefix(6).reduce(0, +) / 6, numbers.suffix(6).reduce(0, +) / 6)
    #expect(abs(result["distance"]! - (real - generated)) < 1e-5)
    #expect(abs(result["generator loss"]! + generated) < 1e-5)
    #expect(result["gradient penalty"]! > 0)
    #expect(abs(result.loss - (generated - real + 3 * result["gradient penalty"]!)) < 1e-5)
  }

  /// The derivative of the penalty by the critic's parameters, which has gradients of gradients in it, beside differences
  /// of the penalty.
  @Test func penaltysDerivativeIsThatOfDifferences() throws {
    // Without corners, at which differences say nothing.
    let critic = Sequential {
      Conv2D(4, kernelSize: 3, strides: 2, activation: .tanh)
      Flatten()
      Dense(8, activation: .tanh)
      Dense(1)
    }
    try withContext(seed: 2) { try critic.build(input: [12, 12, 1]) }
    let (real, generated) = (samples([3, 12, 12, 1], seed: 1), samples([3, 12, 12, 1], seed: 2))
    func penalty() throws -> Tensor { try Adversarial.gradientPenalty(critic, real, generated) }
    let (_, gradients) = try withContext(seed: 5) {
      try valueWithGradients(of: critic, unused: .zero, penalty)
    }
    var checked = 0
    for (parameter, gradient) in gradients.entries where parameter.name.hasSuffix("kernel") {
      // Along the gradient itself, on which the penalty rises the most.
      let length = try (gradient.squared().sum()).squareRoot().item()
      #expect(length > 1e-4)
      let (value, way) = (parameter.value, gradient / Tensor(length))
      func moved(by step: Float) throws -> Double {
        parameter.value = value + way * Tensor(step)
        defer { parameter.value = value }
        return Double(try withContext(seed: 5) { try compute { try penalty() } }.item())
      }
      let step: Float = 2e-3
      let slope = try (moved(by: step) - moved(by: -step)) / Double(2 * step)
      #expect(
        abs(slope - Double(length)) < 0.01 * Double(length) + 1e-4, "\(parameter.name): \(slope), \(length)")
      checked += 1
    }
    #expect(checked == 3)
  }

  @Test func generatorStepsWithEveryThirdStepOfTheCritic() throws {
    let (network, batch) = (try smallAdversarialNetwork(), shapes.dataset(count: 4).batch(0..<4))
    let task = Adversarial(.wasserstein(criticSteps: 3))
    let sgd = SGD(learningRate: 0.01)
    var hashes: [(generator: String, critic: String)] = []
    for _ in 0..<6 {
      _ = try withContext(seed: 8) { try task.train(network, on: batch, with: sgd) }
      hashes.append((try network.generator.weightsHash(), try network.discriminator.weightsHash()))
    }
    #expect(Set(hashes.map(\.critic)).count == 6)
    #expect(
      zip(hashes, hashes.dropFirst()).map { $0.generator != $1.generator } == [
        false, true, false, false, true,
      ])
  }

  /// For one number each the distance is that of the means and of the standard deviations.
  @Test func distanceOfNormalNumbers() {
    func sums(_ xs: [Double]) -> [Double] {
      [Double(xs.count), xs.reduce(0, +), xs.reduce(0) { $0 + $1 * $1 }]
    }
    // Means 2 and 5, deviations 1 and 3.
    #expect(abs(FrechetDistance.of(sums([1, 3]) + sums([2, 8])) - (9 + 4)) < 1e-12)
    #expect(FrechetDistance.of(sums([1, 3]) + sums([3, 1])) == 0)
  }

  /// With covariances A and B that do not commute: tr A + tr B - 2 tr (AB)^½, where for two numbers the last is the root of
  /// tr AB + 2 (det AB)^½; a third number that never varies changes nothing.
  @Test func distanceOfCloudsThatLieAskew() {
    let clouds: [[[Double]]] = [
      [[2, 0, 7], [-2, 0, 7], [0, 1, 7], [0, -1, 7]], [[1, 2, 7], [-1, -2, 7], [2, 1, 7], [-2, -1, 7]],
    ]
    let sums = clouds.flatMap { cloud -> [Double] in
      let pairs = (0..<3).flatMap { i in (0..<3).map { j in cloud.reduce(0) { $0 + $1[i] * $1[j] } } }
      return [4] + (0..<3).map { i in cloud.reduce(0) { $0 + $1[i] } } + pairs
    }
    // A = [[2, 0], [0, 0.5]], B = [[2.5, 2], [2, 2.5]]; AB has the trace 6.25 and the determinant 2.25.
    let expected = 2.5 + 5 - 2 * (6.25 + 2 * 2.25.squareRoot()).squareRoot()
    #expect(abs(FrechetDistance.of(sums) - expected) < 1e-10)
  }

  /// Real pictures are nearer to real ones than noise is, and the same data gives the same judge.
  @Test func distanceIsOfHowPicturesLook() throws {
    let data = shapes.dataset(count: 400)
    let network = try smallAdversarialNetwork()
    func distance() throws -> Double {
      try withContext(seed: 4) {
        let task = try Adversarial().prepared(with: data)
        return try #require(
          network.evaluate(data, batchSize: 100, task: task)[Adversarial.distanceName])
      }
    }
    let noise = try distance()
    #expect(try distance() == noise)
    let judge = try #require(try PictureJudge(learningFrom: data))
    let other = Shapes(height: 12, width: 12, channels: 1, seed: 10).dataset(count: 400)
    let sums = try [data, other].flatMap { data in
      let images = try Classification.input(Tensor(data.images))
      return try compute(phase: .inference) { judge.sums(of: images) }.elements(as: Float.self).map(
        Double.init)
    }
    #expect(FrechetDistance.of(sums) < 0.1 * noise)
    let one = try Dataset(
      name: "one", convertingImages: data.images, labels: HostArray([Int32](repeating: 0, count: data.count)))
    #expect(try PictureJudge(learningFrom: one) == nil)
  }

  /// Epochs whose losses fall while their distances rise, as those of a critic that learns and a generator that does not.
  @Test func callbacksFollowTheDistance() throws {
    let data = shapes.dataset(count: 20)
    let (folder, network) = (try temporaryFolder(), try smallAdversarialNetwork())
    let task = try Adversarial().prepared(with: data)
    let training = Training(network, SGD(learningRate: 1), task, epochs: 9, from: TrainingState())
    let writer = WeightsFile(folder.appending("best.safetensors"), best: task.monitor)
    let callbacks: [any Callback] = [
      EarlyStopping(patience: 2), ReduceLearningRateOnPlateau(factor: 0.5, patience: 1), writer,
    ]
    var (written, rates, stops): ([Bool], [Float], [Bool]) = ([], [], [])
    for (epoch, distance) in [5.0, 3, 4, 4.5].enumerated() {
      let validation = BatchResult(
        lossSum: -distance, count: 1, measures: [Measure(Adversarial.distanceName, sums: [distance, 1])])
      let record = training.state.endEpoch(validation, isWhole: true)
      #expect(record.epoch == epoch + 1)
      try File.remove(writer.path)
      for callback in callbacks { try callback.receive(.epochEnded(record), from: training) }
      written.append(File.exists(writer.path))
      rates.append(training.optimizer.plateauFactor)
      stops.append(training.isStopping)
    }
    #expect(written == [true, true, false, false])
    #expect(rates == [1, 1, 0.5, 0.25])
    #expect(stops == [false, false, false, true])
  }

  /// Without a distance it is the loss that tells epochs apart: before a task is prepared, and for data of one class.
  @Test func epochsAreToldApartByWhatIsMeasured() throws {
    let data = shapes.dataset(count: 20)
    let one = try Dataset(
      name: "one", convertingImages: data.images, labels: HostArray([Int32](repeating: 0, count: data.count)))
    #expect("\(Adversarial().monitor)" == "validation loss")
    #expect("\(try Adversarial().prepared(with: one).monitor)" == "validation loss")
    #expect("\(try Adversarial().prepared(with: data).monitor)" == "validation frechet distance")
    #expect("\(Segmentation().monitor)" == "validation loss")
  }

  @Test func sameNoiseSamePictures() throws {
    let network = try smallAdversarialNetwork()
    func pictures(_ seed: UInt64) throws -> HostArray {
      try withContext(seed: seed) { try Adversarial().samples(network, of: network.noise(3)) }
    }
    #expect(try pictures(1) == pictures(1))
    #expect(try pictures(1) != pictures(2))
    #expect(try pictures(1).shape == [3, 12, 12, 1])
    // From one noise to another, with ends that are those.
    let (a, b) = withContext(seed: 3) { (network.noise(2), network.noise(2)) }
    let way = try network.noise(from: a, to: b, steps: 4).elements(as: Float.self)
    #expect(Array(way[0..<5]) == (try a.elements(as: Float.self))[0..<5].map { $0 })
    #expect(Array(way[15..<20]) == (try b.elements(as: Float.self))[0..<5].map { $0 })
  }
}
