import MartletTestSupport
import Testing

@Suite struct OptimizerStateTests {
  private func makeModel() throws -> Sequential {
    try withContext(seed: 5) {
      let model = Sequential {
        Dense(4, activation: .tanh)
        Dense(2)
      }
      try model.build(input: [3])
      return model
    }
  }

  private func train(_ model: any Layer, _ optimizer: any Optimizer, batches: Range<Int>) throws {
    for batch in batches {
      let x = Tensor([Float(batch) * 0.3, -0.5, 1, 0.25, Float(batch % 3), -1], shape: [2, 3])
      let (_, gradients) = try valueWithGradients(of: model) { model(x).squared().sum() }
      try optimizer.update(model, along: gradients)
    }
  }

  private static var makers: [@Sendable () -> any Optimizer] {
    [
      { SGD(learningRate: 0.01, momentum: 0.9) }, { Adam(learningRate: 0.01) },
      { Adam(learningRate: 0.01, amsgrad: true, weightDecay: 0.1, clipping: .globalNorm(1), accumulate: 3) },
      { RMSprop(learningRate: 0.01, momentum: 0.5, centered: true) }, { Adagrad(learningRate: 0.1) },
      { Adadelta(learningRate: 1) }, { Adamax(learningRate: 0.01) },
    ]
  }

  @Test(arguments: 0..<7) func restoredTrainingGoesOnWithTheSameBits(_ index: Int) throws {
    let (model, optimizer) = (try makeModel(), Self.makers[index]())
    try train(model, optimizer, batches: 0..<4)
    optimizer.plateauFactor = 0.5
    let (weights, state) = (model.parameters.map { $0.parameter.value }, try optimizer.state())
    try train(model, optimizer, batches: 4..<9)

    let (other, resumed) = (try makeModel(), Self.makers[index]())
    for (value, entry) in zip(weights, other.parameters) { entry.parameter.value = value }
    try resumed.restore(state, for: other)
    #expect(resumed.plateauFactor == 0.5)
    try train(other, resumed, batches: 4..<9)
    #expect(try model.weightsHash() == other.weightsHash())
    #expect(try optimizer.state() == resumed.state())
    #expect(optimizer.steps == resumed.steps)
  }

  @Test func namesAreThoseOfTheParameters() throws {
    let (model, optimizer) = (try makeModel(), Adam())
    #expect(try optimizer.state().keys.sorted() == ["gathered", "plateauFactor", "steps"])
    try train(model, optimizer, batches: 0..<1)
    let state = try optimizer.state()
    #expect(state.count == 3 + 4 * 2)
    #expect(state["layers.0.kernel/moment1"]?.shape == [3, 4])
    #expect(state["steps"] == HostArray([Int32(1)], shape: []))
  }

  @Test func whatDoesNotFitIsListedAndNothingChanges() throws {
    let (model, optimizer) = (try makeModel(), Adam())
    try train(model, optimizer, batches: 0..<2)
    let before = try optimizer.state()
    var state = before
    state["layers.0.kernel/moment1"] = nil
    state["layers.1.bias/moment2"] = HostArray([1, 2, 3] as [Float])
    state["layers.7.bias/moment2"] = HostArray([1] as [Float])
    state["plateauFactor"] = nil
    let error = #expect(throws: OptimizerStateError.self) { try optimizer.restore(state, for: model) }
    #expect(
      error?.description
        == "this state does not fit the optimizer and model: it lacks plateauFactor, "
        + "layers.0.kernel/moment1; the optimizer and model have no layers.7.bias/moment2; "
        + "layers.1.bias/moment2 is [3] float32 in the state and [2] float32 here. Restore it with the same "
        + "optimizer and model, and the same parameters frozen")
    #expect(try optimizer.state() == before)
  }

  @Test func scalarsThatCannotBeAreRefused() throws {
    let (model, optimizer) = (try makeModel(), SGD(accumulate: 2))
    var state = try optimizer.state()
    state["steps"] = HostArray([Int32(-1)], shape: [])
    state["gathered"] = HostArray([Int32(2)], shape: [])
    state["plateauFactor"] = HostArray([Float.nan], shape: [])
    for name in model.parameters {
      state[name.name + "/accumulated"] = try name.parameter.value.hostArray()
    }
    let error = #expect(throws: OptimizerStateError.self) { try optimizer.restore(state, for: model) }
    #expect(
      error?.misshapen == [
        "steps is -1, and is never negative",
        "gathered is 2, and an update takes 2 mini-batches here",
        "plateauFactor is nan, and is never negative",
      ])
    #expect(optimizer.steps == 0)
  }

  @Test func frozenParametersKeepTheirMoments() throws {
    let (model, optimizer) = (try makeModel(), Adam())
    try train(model, optimizer, batches: 0..<2)
    let before = try optimizer.state()
    #expect(model.freeze { $0.hasPrefix("layers.0.") } == ["layers.0.kernel", "layers.0.bias"])
    try train(model, optimizer, batches: 2..<4)
    let after = try optimizer.state()
    #expect(before["layers.0.kernel/moment2"] == after["layers.0.kernel/moment2"])
    #expect(before["layers.1.kernel/moment2"] != after["layers.1.kernel/moment2"])
    try optimizer.restore(before, for: model)
    #expect(try optimizer.state() == before)
    model.unfreeze()
    #expect(model.parameters.allSatisfy { $0.parameter.isTrainable })
  }

  @Test func aModelThatNeverMetTheFrozenPartIsRestored() throws {
    let (model, optimizer) = (try makeModel(), Adam())
    model.freeze { $0.hasPrefix("layers.0.") }
    try train(model, optimizer, batches: 0..<2)
    let state = try optimizer.state()
    #expect(state["layers.0.kernel/moment1"] == nil)
    try Adam().restore(state, for: model)
  }
}
