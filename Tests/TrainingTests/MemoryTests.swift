import MartletCPU
import MartletTestSupport
import Testing

/// A processor that counts the arenas that were made on it: each time the device is asked to make room for one.
private final class CountingDevice: Device, @unchecked Sendable {
  let device: any Device
  let arenas = Arenas()
  private(set) var trims = 0

  init() throws { device = try Devices.named("cpu", threads: 1) }

  var name: String { device.name }
  var summary: String { device.summary }
  var memory: MemoryStatistics { device.memory }
  func allocate(byteCount: Int) throws -> any DeviceBuffer { try device.allocate(byteCount: byteCount) }
  func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws {
    try device.upload(bytes, to: buffer, at: byteOffset)
  }
  func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    try device.download(buffer, at: byteOffset, into: bytes)
  }
  func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    try device.encode(primitive, inputs: inputs, outputs: outputs)
  }
  func synchronize() throws { try device.synchronize() }
  func trim() {
    trims += 1
    device.trim()
  }
}

@Suite struct MemoryTests {
  private func model() throws -> Sequential {
    let model = Sequential {
      Conv2D(4, kernelSize: 3, padding: .same, activation: .relu)
      BatchNormalization()
      Conv2D(8, kernelSize: 3, padding: .same, activation: .relu)
      GlobalAveragePooling2D()
      Dense(10)
    }
    try model.build(input: [12, 12, 1])
    return model
  }

  /// A whole batch and the short one at the end of every epoch, and nothing else.
  @Test func aShortLastBatchIsASecondPlan() throws {
    let device = try CountingDevice()
    let data = Shapes.dataset(count: 70, height: 12, width: 12, channels: 1, seed: 9)
    try withContext(device: device, immediate: false) {
      let model = try model()
      let (plans, trims) = (PlanStatistics.of(device), device.trims)
      try model.fit(data, epochs: 4, batchSize: 32, optimizer: Adam())
      #expect(PlanStatistics.of(device).misses - plans.misses == 2)
      #expect(PlanStatistics.of(device).hits - plans.hits == 10)
      #expect(device.trims - trims <= 1)
    }
  }

  /// Ten sizes of pictures are ten plans, however often they come, and one arena, which grows where it must.
  @Test(arguments: [true, false]) func picturesOfManySizesKeepTheirPlans(isGrowing: Bool) throws {
    let device = try CountingDevice()
    try withContext(device: device, immediate: false) {
      let (model, adam) = (try model(), Adam())
      let sizes = isGrowing ? Array(10..<20) : (10..<20).reversed()
      let (plans, trims) = (PlanStatistics.of(device), device.trims)
      for round in 0..<3 {
        for size in sizes {
          let images = Tensor.randomNormal([4, size, size, 1])
          let (_, gradients) = try valueWithGradients(of: model) {
            softmaxCrossEntropy(logits: model(images), labels: Tensor([0, 1, 2, 3] as [Int32]))
          }
          try adam.update(model, along: gradients)
        }
        #expect(PlanStatistics.of(device).misses - plans.misses == 10)
        #expect(device.trims - trims == (isGrowing ? 10 : 1), "in round \(round)")
      }
    }
  }

  /// What an arena was outgrown by takes its place: nothing of the smaller ones stays.
  @Test func outgrownArenasGoBackToTheSystem() throws {
    let device = try Devices.named("cpu", threads: 1)
    func run(_ count: Int) throws {
      _ = try compute { () -> Tensor in
        let x = Tensor.full([count], 0.5).reshaped(1, count)
        return x.matmul(x.transposed())
      }
    }
    try withContext(device: device, immediate: false) {
      for megabytes in [8, 12, 24, 48] { try run(megabytes << 18) }
      let kept = device.memory.inUse + device.memory.cached
      #expect(device.memory.peak < 130 << 20)
      #expect(kept <= device.memory.peak && kept < 110 << 20)
      try run(1 << 18)
      #expect(device.memory.inUse + device.memory.cached <= kept + 1 << 20)
    }
  }
}

@Suite struct MemoryLimitTests {
  /// Trains a small residual network, and says what it took and what came out.
  private func trained(limit: Int?) throws -> (peak: Int, losses: [Double], weights: String) {
    // Winograd's algorithms take scratch memory that is large beside so small a network.
    let device = try CPUDevice(threads: 1, convolution: .direct)
    let data = Shapes.dataset(count: 48, height: 24, width: 24, channels: 1, seed: 9)
    return try withPasses(.everything) {
      try withContext(device: device, seed: 1, immediate: false, memoryLimit: limit) {
        let model = cifarResNet(classes: 10)
        try model.build(input: [24, 24, 1])
        let before = device.memory.inUse
        let history = try model.fit(data, epochs: 3, batchSize: 16, optimizer: SGD(momentum: 0.9), workers: 0)
        #expect(device.memory.inUse >= before)
        return (device.memory.peak, history.map(\.training.lossSum), try model.weightsHash())
      }
    }
  }

  @Test func aNetworkTrainsInHalfOfItsMemoryWithTheSameBits() throws {
    let free = try trained(limit: nil)
    let limited = try trained(limit: free.peak / 2)
    #expect(limited.losses == free.losses)
    #expect(limited.weights == free.weights)
    // Kernels' scratch memory comes on top.
    #expect(limited.peak < free.peak * 6 / 10)
  }
}
