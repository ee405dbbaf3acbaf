import MartletTestSupport
import Testing

@Suite struct MinimizeTests {
  /// Two layers whose gradients are taken one by one, among small ones that stay.
  private func model() throws -> Sequential {
    let model = Sequential {
      Dense(300, activation: .relu)
      BatchNormalization()
      Dense(300, activation: .relu)
      Dropout(0.25)
      Dense(10)
    }
    try withContext(seed: 1) { try model.build(input: [250]) }
    return model
  }
  private let x = Tensor.randomNormal([16, 250])
  private let labels = Tensor((0..<16).map { Int32($0 % 10) })

  private func optimizers() -> [any Optimizer] {
    [
      SGD(learningRate: 0.1, momentum: 0.9), Adam(weightDecay: 0.01), Adam(clipping: .value(0.001)),
      Adam(clipping: .norm(0.01)), RMSprop(clipping: .globalNorm(0.1)), Adam(accumulate: 3),
      SGD(learningRate: 0.1, clipping: .globalNorm(0.1), accumulate: 2),
    ]
  }

  @Test func itIsGradientsAndUpdateInOne() throws {
    for (one, other) in zip(optimizers(), optimizers()) {
      for optimizer in [one, other] { optimizer.scaleRate(by: 0.5) { $0.hasSuffix("bias") } }
      let (apart, together) = (try model(), try model())
      for step in 0..<5 {
        func loss(_ model: Sequential) -> Tensor { softmaxCrossEntropy(logits: model(x), labels: labels) }
        let (expected, actual) = try (
          withContext(seed: UInt64(step)) {
            let (loss, gradients) = try valueWithGradients(of: apart) { loss(apart) }
            try one.update(apart, along: gradients)
            return loss
          },
          withContext(seed: UInt64(step)) { try other.minimize(together) { (loss(together), x.sum()) } }.0
        )
        #expect(try expected.hostArray() == actual.hostArray())
      }
      #expect(try apart.weightsHash() == together.weightsHash(), "\(one.base.clipping)")
      #expect(one.steps == other.steps)
      #expect(try one.state() == other.state())
    }
  }

  @Test func aLossThatIsNoNumberChangesNothing() throws {
    let (model, adam) = (try model(), Adam())
    try adam.minimize(model) { softmaxCrossEntropy(logits: model(x), labels: labels) }
    let (weights, state) = (try model.weightsHash(), try adam.state())
    let error = #expect(throws: NonFiniteLoss.self) {
      try adam.minimize(model) { softmaxCrossEntropy(logits: model(x) * Float.infinity, labels: labels) }
    }
    #expect(error?.description == "the loss is nan")
    #expect(try model.weightsHash() == weights)
    #expect(try adam.state() == state)
  }

  /// A parameter that the closure itself assigns, and one that it returns, see what they would see before an update.
  @Test func aParameterMayLeaveTheClosure() throws {
    let model = try model()
    let kernel = model.parameters[0].parameter
    let before = try kernel.value.hostArray()
    let (_, left) = try Adam().minimize(model) {
      (softmaxCrossEntropy(logits: model(x), labels: labels), kernel.value)
    }
    #expect(try left.hostArray() == before)
    #expect(try kernel.value.hostArray() != before)
  }

  @Test func takenGradientsNeedNoMemoryOfTheirOwn() throws {
    func peak(_ step: (Sequential, Adam) throws -> Void) throws -> Int {
      let device = try Devices.named("cpu", threads: 1)
      return try withContext(device: device) {
        let model = Sequential { for _ in 0..<6 { Dense(512) } }
        try model.build(input: [512])
        let adam = Adam()
        for _ in 0..<2 { try step(model, adam) }
        return device.memory.peak
      }
    }
    let apart = try peak { model, adam in
      let (_, gradients) = try valueWithGradients(of: model) {
        model(Tensor.ones([2, 512])).squared().mean()
      }
      try adam.update(model, along: gradients)
    }
    let together = try peak { model, adam in
      try adam.minimize(model) { model(Tensor.ones([2, 512])).squared().mean() }
    }
    // Parameters, two moments, and one gradient instead of six.
    #expect(apart - together > 4 << 20)
  }
}
