import MartletTestSupport
import Testing

@testable import MartletTensor

/// Values that are computed again instead of kept: by hand, and by the planner under a memory limit.
@Suite struct RecomputationTests {
  private var x: Tensor { samples([4, 6, 6, 3], seed: 1) }
  private var kernels: [Tensor] { [samples([3, 3, 3, 8], seed: 2), samples([3, 3, 8, 8], seed: 3)] }

  /// A small residual network with everything that may be made again: products, statistics, pooling, random numbers.
  private func loss(_ inputs: [Tensor], _ wrap: (() -> Tensor) -> Tensor) -> Tensor {
    let first = inputs[0].convolution(inputs[1], padding: .same).relu()
    let y = (0..<4).reduce(first) { y, _ in
      wrap {
        let z = y.convolution(inputs[2], padding: .same)
        let (n, _, variance) = z.batchNormalized(
          gamma: Tensor.ones([8]), beta: Tensor.zeros([8]), epsilon: 0.1)
        let mask = (Tensor.randomUniform(n.shape) > 0.25).cast(to: .float32)
        return (n.relu() * mask + y).maxPooled(3, strides: 1, padding: .same) * (variance + 1)
      }
    }
    return y.squared().mean()
  }

  private func gradients(_ wrap: (() -> Tensor) -> Tensor, immediate: Bool = false) throws -> [HostArray] {
    try withContext(seed: 3, immediate: immediate) {
      let (value, gradients) = try valueWithGradients(at: [x] + kernels) { loss($0, wrap) }
      return try ([value] + gradients).map { try $0.hostArray() }
    }
  }

  @Test(arguments: [false, true]) func checkpointedChangesNoBit(immediate: Bool) throws {
    let plain = try gradients({ $0() }, immediate: immediate)
    #expect(try gradients({ body in checkpointed { body() } }, immediate: immediate) == plain)
    // Inside another one it is only called.
    #expect(
      try gradients({ body in checkpointed { checkpointed { body() } } }, immediate: immediate) == plain)
  }

  private func planned(memoryLimit: Int? = nil, _ wrap: (() -> Tensor) -> Tensor) throws -> Plan {
    try withContext(seed: 3, memoryLimit: memoryLimit) {
      let trace = Trace(device: Context.current.device)
      let (value, gradients) = try Scope.enter(trace) {
        try valueWithGradients(at: [x] + kernels) { loss($0, wrap) }
      }
      let results = ([value] + gradients).map { Plan.Result(record: Int32($0.recordIndex!)) }
      return try Plan(trace, results: results, passes: .everything)
    }
  }

  @Test func checkpointedNeedsLessMemory() throws {
    let plain = try planned { $0() }
    let less = try planned { body in checkpointed { body() } }
    #expect(Double(less.arenaSize) < 0.7 * Double(plain.arenaSize))
    #expect(less.steps.count > plain.steps.count)
  }

  /// What leaves the closure is kept, also where it is seen under another shape, and a state is assigned once.
  @Test func whatLeavesACheckpointedClosureIsKept() throws {
    func gradients(_ wrap: (() -> [Tensor]) -> [Tensor]) throws -> [HostArray] {
      let cell = Cell(shape: [], dtype: .float32, storage: Tensor(1).storage)
      let (value, gradient) = try valueWithGradient(at: Tensor([[1, 2], [3, 4]])) { x in
        let kept = wrap {
          let y = (x * 2).tanh()
          cell.assign(cell.read() * 3)
          return [y.reshaped(4), y.sum(axes: 0)]
        }
        return (kept[0] * kept[0]).sum() + kept[1].squared().sum()
      }
      return try [value, gradient, cell.read()].map { try $0.hostArray() }
    }
    let plain = try gradients { $0() }
    #expect(try gradients { body in checkpointed { body() } } == plain)
    #expect(plain[2].values(as: Float.self) == [3])
  }

  @Test func gradientsOfGradientsOfCheckpointedClosures() throws {
    func curvature(_ wrap: (() -> Tensor) -> Tensor) throws -> HostArray {
      try valueWithGradient(at: Tensor([0.5, 1, 1.5])) { x in
        let (_, slope) = try valueWithGradient(at: x) { x in wrap { (x * x).tanh() * x }.sum() }
        return slope.squared().sum()
      }.gradient.hostArray()
    }
    #expect(try curvature { body in checkpointed { body() } } == curvature { $0() })
  }

  /// Down to the least that is possible, nothing changes but the memory.
  @Test func aMemoryLimitChangesNoBit() throws {
    let device = try Devices.named("cpu", threads: 1)
    try withContext(device: device) {
      let (x, kernels) = (self.x, self.kernels)
      func gradients(_ limit: Int?) throws -> [HostArray] {
        try withContext(seed: 3, memoryLimit: limit) {
          let (value, gradients) = try valueWithGradients(at: [x] + kernels) { loss($0) { $0() } }
          return try ([value] + gradients).map { try $0.hostArray() }
        }
      }
      let plain = try gradients(nil)
      let error = try #require(throws: MemoryLimitError.self) { try gradients(1) }
      #expect(error.description.contains("the least that works here is \(error.needed)"))
      for limit in stride(from: error.needed, through: 2 * error.needed, by: error.needed / 8) {
        #expect(try gradients(limit) == plain)
      }
      #expect(throws: MemoryLimitError.self) { try gradients(error.needed - 1) }
    }
  }

  @Test func thePageSaysWhatIsComputedAgain() throws {
    let device = try Devices.named("cpu", threads: 1)
    try withContext(device: device) {
      let plain = try planned { $0() }
      let limited = try planned(memoryLimit: device.memory.inUse + plain.arenaSize * 8 / 10) { $0() }
      #expect(limited.arenaSize < plain.arenaSize)
      // Without a limit it is random numbers alone.
      let again = plain.steps.filter(\.isRepeated)
      #expect(!again.isEmpty)
      #expect(
        again.allSatisfy { step in
          switch step.primitive {
          case .random, .elementwise: true
          default: false
          }
        })
      #expect(limited.steps.filter(\.isRepeated).count > again.count)
      #expect(limited.description(layerNames: []).contains("  again "))
    }
  }

  /// Random programs at the least memory that they can run in.
  @Test(arguments: UInt64(0)..<20) func sameBitsAtTheLeastMemory(seed: UInt64) throws {
    let device = try Devices.named("cpu", threads: 1)
    try withContext(device: device) {
      var generator = PhiloxGenerator(seed: seed)
      let choices = (0..<24).map { _ in Int.random(in: 0..<6, using: &generator) }
      let w = samples([16, 16], seed: seed)
      func run(_ limit: Int?) throws -> [HostArray] {
        try withContext(seed: seed, memoryLimit: limit) {
          let (value, gradient) = try valueWithGradient(at: samples([16, 16], seed: seed + 1)) { x in
            var pool = [x]
            for (index, choice) in choices.enumerated() {
              let (a, b) = (pool[pool.count - 1], pool[index * 7 % pool.count])
              switch choice {
              case 0: pool.append(a.matmul(w))
              case 1: pool.append((a + b).tanh())
              case 2: pool.append(a * Tensor.randomUniform(a.shape))
              case 3: pool.append(a.transposed().relu() + b)
              case 4: pool.append(a.batchNormalized(gamma: w[0], beta: w[1], epsilon: 0.1).y)
              default:
                pool.append(
                  a.reshaped(1, 16, 16, 1).maxPooled(2, strides: 1, padding: .same).reshaped(16, 16))
              }
            }
            return pool.dropFirst().reduce(Tensor(0)) { $0 + $1.squared().mean() }
          }
          return try [value, gradient].map { try $0.hostArray() }
        }
      }
      let plain = try run(nil)
      let error = try #require(throws: MemoryLimitError.self) { try run(1) }
      #expect(try run(error.needed + (2 << 20)) == plain)
      #expect(try run(error.needed + 4096) == plain)
    }
  }
}
