import MartletTestSupport
import Testing

@Suite struct TaskTests {
  private func sigmoid(_ z: Double) -> Double { 1 / (1 + exponential(-z)) }
  private func exponential(_ x: Double) -> Double { Double([Float](Tensor(Float(x)).exp())[0]) }
  private func logarithm(_ x: Double) -> Double { Double([Float](Tensor(Float(x)).log())[0]) }

  private let shapes = Shapes(height: 12, width: 12, channels: 1, seed: 9)

  /// The losses of Goodfellow et al. from the logits that the network itself gives.
  @Test func adversarialMeasuresByDefinition() throws {
    let (network, batch) = (try smallAdversarialNetwork(), shapes.dataset(count: 6).batch(0..<6))
    let result = try withContext(seed: 8) { try Adversarial().evaluate(network, on: batch) }
    let images = try Classification.input(Tensor(batch.images)) * 2 - 1
    let logits = try withContext(seed: 8) { try compute { network(images) } }.elements(as: Float.self).map(
      Double.init)
    #expect(logits.count == 12)
    let (real, generated) = (logits.prefix(6), logits.suffix(6))
    let taken = real.map { -logarithm(sigmoid($0)) }.reduce(0, +) / 6
    let refused = generated.map { -logarithm(1 - sigmoid($0)) }.reduce(0, +) / 6
    let fooled = generated.map { -logarithm(sigmoid($0)) }.reduce(0, +) / 6
    #expect(abs(result.loss - (taken + refused) / 2) < 1e-5)
    #expect(abs(result["generator loss"]! - fooled) < 1e-5)
    let right = real.filter { $0 > 0 }.count + generated.filter { $0 < 0 }.count
    #expect(abs(result.accuracy - Double(right) / 12) < 1e-6)
  }

  /// Each network follows the gradient of its own loss, and of no other.
  @Test func eachNetworkFollowsItsOwnLoss() throws {
    let batch = shapes.dataset(count: 4).batch(0..<4)
    let (network, other) = (try smallAdversarialNetwork(), try smallAdversarialNetwork())
    _ = try withContext(seed: 8) { try Adversarial().train(network, on: batch, with: SGD(learningRate: 0.1)) }
    let images = try Classification.input(Tensor(batch.images)) * 2 - 1
    func logits() -> (real: Tensor, generated: Tensor) {
      (other.discriminator(images), other.discriminator(other.generator(other.noise(4))))
    }
    func loss(_ logits: Tensor, _ label: Float) -> Tensor {
      sigmoidCrossEntropy(logits: logits, labels: Tensor.full(logits.shape, label))
    }
    let (_, judging) = try withContext(seed: 8) {
      try valueWithGradients(of: other.discriminator) {
        let (real, generated) = logits()
        return (loss(real, 1) + loss(generated, 0)) * 0.5
      }
    }
    let (_, making) = try withContext(seed: 8) {
      try valueWithGradients(of: other.generator) { loss(logits().generated, 1) }
    }
    for (model, copy, gradients) in [
      (network.discriminator, other.discriminator, judging), (network.generator, other.generator, making),
    ] {
      for ((name, trained), (_, start)) in zip(model.parameters, copy.parameters) {
        let expected = zip([Float](start.value), [Float](gradients[start])).map {
          Double($0) - 0.1 * Double($1)
        }
        #expect(mismatch(trained.value, expected, tolerance: 1e-6) == nil, "\(name)")
      }
    }
  }

  @Test func segmentationMeasuresByDefinition() throws {
    let batch = shapes.drawnDataset(count: 3, withMasks: true).batch(0..<3)
    let model = Sequential { Conv2D(11, kernelSize: 1) }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    let result = try Segmentation().evaluate(model, on: batch)
    let logits = [Float](model(Classification.input(try Tensor(batch.images)))).map(Double.init)
    let masks = batch.masks!.values(as: UInt8.self)
    var (loss, right) = (0.0, 0)
    for (pixel, mask) in masks.enumerated() {
      let row = Array(logits[pixel * 11..<(pixel + 1) * 11])
      loss += logarithm(row.map(exponential).reduce(0, +)) - row[Int(mask)]
      right += row.firstIndex(of: row.max()!)! == Int(mask) ? 1 : 0
    }
    #expect(abs(result.loss - loss / Double(masks.count)) < 1e-4)
    #expect(abs(result.accuracy - Double(right) / Double(masks.count)) < 1e-6)
    #expect(Segmentation().outputs(classes: 10) == 11)
  }

  @Test func whatATaskCannotLearnFromIsAnError() throws {
    let batch = shapes.dataset(count: 2).batch(0..<2)
    let model = Sequential { Conv2D(11, kernelSize: 1) }
    try model.build(input: [12, 12, 1])
    let masks = #expect(throws: ShapeError.self) { try Segmentation().evaluate(model, on: batch) }
    #expect(masks?.message == "segmentation learns from a mask for each picture; this data set has none")
    let pair = #expect(throws: ShapeError.self) {
      try Adversarial().train(model, on: batch, with: SGD(learningRate: 0.1))
    }
    #expect(pair?.message == "adversarial training is for an AdversarialNetwork; received Sequential")
  }

  @Test func plannedAndImmediateModeAgreeBitForBit() throws {
    let batch = shapes.drawnDataset(count: 4, withMasks: true).batch(0..<4)
    func hash(_ model: any Layer, _ task: any TrainingTask, immediate: Bool) throws -> String {
      try withContext(seed: 8, immediate: immediate) {
        let optimizer = Adam()
        for _ in 0..<2 { _ = try task.train(model, on: batch, with: optimizer) }
      }
      return try model.weightsHash()
    }
    #expect(
      try hash(smallAdversarialNetwork(), Adversarial(), immediate: false)
        == hash(smallAdversarialNetwork(), Adversarial(), immediate: true))
    func pixels() throws -> Sequential {
      let model = Sequential { Conv2D(11, kernelSize: 3, padding: .same) }
      try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
      return model
    }
    #expect(
      try hash(pixels(), Segmentation(), immediate: false)
        == hash(pixels(), Segmentation(), immediate: true))
  }

  @Test func resultsAddUp() {
    var sum = BatchResult()
    sum += BatchResult(lossSum: 2, count: 2, measures: [Measure("accuracy", sums: [1, 2])])
    sum += BatchResult(lossSum: 4, count: 1, measures: [Measure("accuracy", sums: [2, 4])])
    #expect(sum == BatchResult(lossSum: 6, count: 3, measures: [Measure("accuracy", sums: [3, 6])]))
    #expect(sum.loss == 2 && sum["loss"] == 2 && sum["accuracy"] == 0.5 && sum.accuracy == 0.5)
    #expect(sum["f1"] == nil && BatchResult()["loss"] == nil && BatchResult().accuracy == 0)
  }

  /// By the formula, with the weight of each sample's class; the mean is over the samples, as in Keras.
  @Test func classWeightsMultiplyTheLossesOfTheirClasses() throws {
    let data = shapes.dataset(count: 12)
    let model = Sequential {
      Flatten()
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
    let each = try compute {
      Loss.sparseCategoricalCrossentropy(fromLogits: true).perSample(
        model(Classification.input(try Tensor(data.images))), try Tensor(data.labels))
    }.elements(as: Float.self)
    let labels = data.labels.values(as: Int32.self)
    let common = Int(labels[0])
    let weighted = try data.weighted(byClass: [common: 3])
    let expected = zip(each, labels).reduce(0.0) { $0 + Double($1.0) * (Int($1.1) == common ? 3 : 1) } / 12
    #expect(abs(try model.evaluate(weighted).loss - expected) < 1e-5)
    // Weights stay with their samples in parts and other orders.
    let bySample = try data.shuffled(seed: 3).weighted(
      bySample: data.shuffled(seed: 3).labels.values(as: Int32.self).map { Int($0) == common ? 3 : 1 })
    #expect(abs(try model.evaluate(bySample.shuffled(seed: 8)).loss - expected) < 1e-5)
    for wrong in [{ try data.weighted(byClass: [10: 2]) }, { try data.weighted(byClass: [1: -1]) }] {
      #expect(throws: ShapeError.self) { _ = try wrong() }
    }
    #expect(
      message { _ = try data.weighted(bySample: [1]) }
        == "there is one weight for each of 12 samples; received 1")
  }

  private func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }
}
