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
        return "\(Context.trace!.list.structure.value)"
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
  @Test func memoryIsShared() throws {
    let trace = Trace(device: Context.current.device)
    let last = Scope.enter(trace) { (0..<10).reduce(Tensor.zeros([1000])) { y, _ in (y + 1).tanh() } }
    let results = [Plan.Result(record: Int32(last.recordIndex!), hasDestination: false)]
    func plan(_ passes: String) throws -> Plan {
      try Plan(trace, results: results, passes: PassSelection(passes))
    }
    let plain = try plan("-all")
    #expect(plain.steps.count == 21)
    #expect(plain.arenaSize == 2 * 4032)
    // In place all of it lies in the result's memory.
    #expect(try plan("-fusion").arenaSize == 0)
    #expect(try plan("").steps.count == 2)
  }

  /// What nobody needs is not run.
  @Test func deadRecordsAreDropped() throws {
    let trace = Trace(device: Context.current.device)
    let last = Scope.enter(trace) { () -> Tensor in
      let x = Tensor.zeros([4])
      _ = x.exp().matmul(x)
      return x + 1
    }
    let results = [Plan.Result(record: Int32(last.recordIndex!), hasDestination: false)]
    #expect(try Plan(trace, results: results, passes: PassSelection("-all")).steps.count == 2)
  }

  private func planned(_ passes: String = "", _ body: () throws -> Tensor) throws -> (
    plan: Plan, trace: Trace
  ) {
    let trace = Trace(device: Context.current.device)
    let last = try Scope.enter(trace) { try body() }
    let results = [Plan.Result(record: Int32(last.recordIndex!), hasDestination: false)]
    return (try Plan(trace, results: results, passes: PassSelection(passes)), trace)
  }

  @Test func chainsAndDiamondsAreOneStep() throws {
    let x = samples([8, 5], seed: 1)
    let fused = try planned {
      let a = (x * 2 + 1).tanh()
      return a * a - (a > 0.5).cast(to: .float32)
    }.plan
    #expect(fused.steps.count == 1)
    #expect(fused.arenaSize == 0)
  }

  @Test func epiloguesTakeWhatFollows() throws {
    let x = samples([2, 5, 5, 3], seed: 1)
    let kernel = samples([3, 3, 3, 4], seed: 2)
    func body() -> Tensor {
      let y = x.convolution(kernel, padding: .same)
      return (y + Tensor([1, 2, 3, 4]) + samples([2, 5, 5, 4], seed: 3)).relu()
    }
    let fused = try planned("", body).plan
    guard case .convolution(_, _, let epilogue) = fused.steps[0].primitive else { preconditionFailure() }
    #expect(epilogue == Epilogue(hasBias: true, hasResidual: true, activation: .relu))
    #expect(fused.steps.count == 1)
    #expect(try planned("-epilogue", body).plan.steps.count == 2)
  }

  /// Batch normalisation in inference: the convolution does it.
  @Test func epiloguesScaleAndShift() throws {
    let x = samples([2, 5, 5, 3], seed: 1)
    let kernel = samples([3, 3, 3, 4], seed: 2)
    let row = samples([4], seed: 3)
    func body(bias: Tensor?) -> Tensor {
      let y = x.convolution(kernel, bias: bias, padding: .same) * row + (row * 2 - 1)
      return (y + samples([2, 5, 5, 4], seed: 4)).relu()
    }
    for bias in [nil, row] {
      let fused = try planned { body(bias: bias) }.plan
      guard case .convolution(_, _, let epilogue) = fused.steps.last!.primitive else { preconditionFailure() }
      #expect(
        epilogue
          == Epilogue(
            hasBias: bias != nil, hasScale: true, hasShift: true, hasResidual: true, activation: .relu))
      #expect(fused.steps.count == 2)
      let plain = try withPasses(PassSelection("-all")) { try compute { body(bias: bias) }.hostArray() }
      #expect(try compute { body(bias: bias) }.hostArray() == plain)
    }
  }

  private func planned(_ passes: String = "", gradientsAt x: [Tensor], _ body: ([Tensor]) -> Tensor) throws
    -> Plan
  {
    let trace = Trace(device: Context.current.device)
    let gradients = try Scope.enter(trace) { try valueWithGradients(at: x, body).gradients }
    return try Plan(
      trace, results: gradients.map { Plan.Result(record: Int32($0.recordIndex!)) },
      passes: PassSelection(passes))
  }

  /// What is only made to be summed up is never stored, but what others read is.
  @Test func reductionsTakeWhatTheyReduce() throws {
    let (x, y) = (samples([40, 70], seed: 1), samples([40, 70], seed: 2))
    func body() -> Tensor { (x - y).squared().sum(axes: 1) }
    let fused = try planned("", body).plan
    #expect(fused.steps.count == 1)
    #expect(fused.arenaSize == 0)
    guard case .reduction(let reduction, of: let program?) = fused.steps[0].primitive else {
      preconditionFailure()
    }
    #expect(reduction == Reduction(.sum, outer: 40, length: 70, inner: 1))
    #expect(program.instructions.map(\.opcode) == [.subtract, .square])
    #expect(try planned("-reduction", body).plan.steps.count == 2)
    func shared() -> Tensor {
      let d = x - x.mean(axes: 1, keepDims: true)
      return d / d.squared().mean(axes: 1, keepDims: true)
    }
    // d is stored for its own use, its square is not.
    let steps = try planned("", shared).plan.steps
    #expect(steps.contains { $0.primitive == .elementwise(.single(.subtract)) })
    #expect(steps.compactMap(\.program).contains { $0.instructions.map(\.opcode) == [.subtract, .square] })
  }

  /// Dropout's mask is made again in the backward pass.
  @Test func masksDoNotWait() throws {
    let w = samples([100, 100], seed: 1)
    func body(_ x: [Tensor]) -> Tensor {
      let mask = (Tensor.randomUniform([100, 100]) > 0.5).cast(to: .float32) * 2
      return ((x[0] * mask).matmul(w).tanh().matmul(w).tanh().matmul(w) * w).sum()
    }
    let again = try planned(gradientsAt: [w + 1], body)
    let kept = try planned("-random", gradientsAt: [w + 1], body)
    #expect(again.steps.count { $0.primitive == .random(.uniform) } == 2)
    #expect(kept.steps.count { $0.primitive == .random(.uniform) } == 1)
    #expect(again.arenaSize < kept.arenaSize)
  }

  /// Neither the convolution's results nor their signs are stored.
  @Test func convolutionsPool() throws {
    let x = samples([2, 9, 8, 3], seed: 1)
    let kernel = samples([3, 3, 3, 4], seed: 2)
    func body(_ inputs: [Tensor]) -> Tensor {
      x.convolution(inputs[0], bias: inputs[1], padding: .same).relu().maxPooled(2).squared().sum()
    }
    let inputs = [kernel, Tensor.zeros([4])]
    let steps = try planned(gradientsAt: inputs, body).steps
    #expect(
      steps.contains { step in
        if case .convolution(.forward, _, let epilogue) = step.primitive {
          epilogue.hasMaxPool
        } else {
          false
        }
      })
    #expect(steps.count { $0.primitive.name.contains("pooling") } == 1)
    for pass in ["-pooling", "-rectifier"] {
      let steps = try planned(pass, gradientsAt: inputs, body).steps
      #expect(steps.count { $0.primitive.name.contains("pooling") } == 2)
    }
  }

  /// Batch normalisation knows where it was positive.
  @Test func batchNormalizationRectifiesItsGradient() throws {
    let inputs = [samples([6, 4], seed: 1), samples([4], seed: 2), samples([4], seed: 3)]
    func body(_ x: [Tensor]) -> Tensor {
      (x[0].batchNormalized(gamma: x[1], beta: x[2], epsilon: 0.1).y.relu() * inputs[0]).sum()
    }
    let backward = Primitive.batchNormalizationBackward(isRectified: true)
    #expect(try planned(gradientsAt: inputs, body).steps.contains { $0.primitive == backward })
    #expect(try !planned("-rectifier", gradientsAt: inputs, body).steps.contains { $0.primitive == backward })
  }

  @Test func aPlanIsAPage() throws {
    let x = Tensor.zeros([300, 100])
    let line = #line + 1
    let made = try planned { x.matmul(Tensor.zeros([100, 50])).relu() + 1 }
    #expect(
      made.plan.description(layerNames: made.trace.layerNames) == """
        plan: 7 records, 3 steps, 0.3 MB moved, arena 0.0 MB, results 0.0 MB
          0  fill  [no layer]  number 0 -> 100x50 @0  0.0 MB
          1  matmul + relu  [TensorTests/PlanTests.swift:\(line)]  300x100 array 2, 100x50 @0 -> 300x50 result 0  0.2 MB
          2  add  [no layer]  300x50 result 0, number 5 -> 300x50 result 0  0.1 MB
        """)
  }

  @Test func aNewPlanSaysWhatIsDifferent() throws {
    let first = try planned { Tensor([1, 2]) * 3 + 1 }.plan
    let second = try planned { Tensor([1, 2]) * 3 - 1 }
    #expect(
      first.difference(from: second.trace) == "record 4 is subtract of 2; it was add of 2")
    #expect(
      first.difference(from: try planned { Tensor([1, 2]) * 3 + 1 + 2 }.trace).hasPrefix("record 5 is"))
  }

  @Test func namesOfPassesAreChecked() throws {
    let error = #expect(throws: NameError.self) { try PassSelection("-elementwise,-epilog") }
    #expect(
      error?.description == "there is no pass to switch off called -epilog; there are -all, -fusion, "
        + "-random, -rectifier, -epilogue, -pooling, -elementwise, -reduction, -inplace. Did you mean -epilogue?"
    )
    #expect(throws: NameError.self) { try PassSelection("fusion") }
    #expect(try PassSelection("") == .everything)
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

extension Plan.Step {
  /// The elementwise program that runs in it.
  fileprivate var program: ElementwiseProgram? {
    switch primitive {
    case .elementwise(let program), .reduction(_, of: let program?): program
    default: nil
    }
  }
}
