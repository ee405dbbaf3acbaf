import MartletTestSupport
import Testing

@testable import MartletTensor

/// Counting plans and bytes needs a process in which nobody else makes any at the time.
@Suite(.serialized) struct PlanTests {
  /// The hash that a program's plan is kept under.
  private func structure(seed: UInt64, _ body: () -> Tensor) throws -> String {
    try withContext(seed: seed) {
      try compute {
        _ = body()
        return "\(Context.current.trace!.list.structure.value)"
      }
    }
  }

  @Test func numbersSeedsAndArraysAreNoPartOfAPlan() throws {
    func step(_ rate: Float, _ x: Tensor, _ seed: UInt64) throws -> String {
      try structure(seed: seed) { x * rate + Tensor.randomUniform(x.shape) }
    }
    let first = try step(0.5, samples([3, 2], seed: 1), 1)
    #expect(try step(0.25, samples([3, 2], seed: 2), 9) == first)
    #expect(try step(0.25, samples([2, 3], seed: 2), 9) != first)
    #expect(try step(0.25, samples([3, 2], seed: 2).cast(to: .int32), 9) != first)
  }

  @Test func theSecondStepFindsItsPlan() throws {
    let x = samples([3, 7, 5], seed: 1)
    func step(_ rate: Float) throws -> Tensor {
      try compute { ((x * rate).tanh() + 0.123).sum(axes: [0, 2]) }
    }
    _ = try step(1)
    let before = PlanStatistics.current
    let y = try step(2)
    #expect(PlanStatistics.current.hits > before.hits)
    #expect([Float](y) == [Float](((x * 2).tanh() + 0.123).sum(axes: [0, 2])))
  }

  /// Other results of the same records are another plan.
  @Test func resultsArePartOfAPlan() throws {
    let x = Tensor([1, 2, 3])
    func step(_ isFirst: Bool) throws -> Tensor {
      try compute { () -> Tensor in
        let a = x + 1
        let b = x * 2
        return isFirst ? a : b
      }
    }
    #expect(mismatch(try step(true), [2, 3, 4]) == nil)
    #expect(mismatch(try step(false), [2, 4, 6]) == nil)
    #expect(mismatch(try step(true), [2, 3, 4]) == nil)
  }

  /// Memory of the plan is used again by results that are not alive at the same time.
  @Test func slotsAreShared() throws {
    let trace = Trace(device: Context.current.device)
    let last = Scope.enter(trace) { (0..<10).reduce(Tensor.zeros([1000])) { y, _ in (y + 1).tanh() } }
    let plan = Plan(trace, results: [Plan.Result(record: Int32(last.recordIndex!), hasDestination: false)])
    #expect(plan.slotSizes.count <= 2)
    #expect(plan.slotSizes.reduce(0, +) <= 8000)
    #expect(plan.steps.count == 21)
  }

  /// What nobody needs is not run.
  @Test func deadRecordsAreDropped() throws {
    let trace = Trace(device: Context.current.device)
    let last = Scope.enter(trace) { () -> Tensor in
      let x = Tensor.zeros([4])
      _ = x.exp().matmul(x)
      return x + 1
    }
    let plan = Plan(trace, results: [Plan.Result(record: Int32(last.recordIndex!), hasDestination: false)])
    #expect(plan.steps.count == 2)
  }

  @Test func memoryDoesNotGrowWithSteps() throws {
    let device = try Devices.named("cpu", threads: 1)
    try withContext(device: device) {
      let model = Sequential {
        Conv2D(4, kernelSize: 3, activation: .relu)
        BatchNormalization()
        MaxPool2D(2)
        Flatten()
        Dense(3)
      }
      try model.build(input: [8, 8, 1])
      let x = samples([4, 8, 8, 1], seed: 1)
      let labels = Tensor([0, 1, 2, 0] as [Int32])
      var peak = 0
      for step in 0..<50 {
        let (_, gradients) = try valueWithGradients(of: model) {
          softmaxCrossEntropy(logits: model(x), labels: labels)
        }
        for (parameter, gradient) in gradients.entries {
          parameter.value = parameter.value - gradient * 0.1
        }
        if step == 2 { peak = device.memory.peak }
      }
      #expect(device.memory.peak == peak)
    }
  }
}
