import ArgumentParser
import Martlet
import MartletTensor

/// What the engine itself costs: training steps on a device that does nothing.
struct HostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host",
    abstract: "What recording, finding the plan and handing out work cost, without the work itself.")
  @Option(help: "A network of the catalog whose outputs are logits.") var model = "resnet50"
  @Option(name: .customLong("seconds"), help: "Seconds of steps.") var duration = 1.0

  func run() throws {
    let device = DryDevice()
    try withContext(device: device, seed: 1) { try measure(on: device) }
  }

  private func measure(on device: DryDevice) throws {
    let entry = try Catalog.entry(model)
    let network = try entry.build(10, entry.input)
    try network.build(input: entry.input)
    let images = Tensor.randomNormal(Shape([2] + entry.input.sizes))
    let places = Shape([2] + (try network.outputShape(for: entry.input)).sizes.dropLast())
    let labels = Tensor([Int32](repeating: 1, count: places.count), shape: places)
    func loss() -> Tensor { softmaxCrossEntropy(logits: network(images), labels: labels) }

    let optimizer = Adam()
    /// The four parts of a step, in seconds.
    func step() throws -> [Double] {
      device.reset()
      let start = seconds()
      let (_, gradients) = try valueWithGradients(of: network) { loss() }
      let ran = seconds()
      try optimizer.update(network, along: gradients)
      let end = seconds()
      // The memory of the gradients is asked for when all is recorded, and the next when the plan is found.
      let (recorded, planned) = (device.allocations[0], device.allocations[1])
      return [recorded - start, planned - recorded, ran - planned, end - ran]
    }
    _ = try step()
    let primitives = device.encoded
    var times: [[Double]] = [[], [], [], []]
    let start = seconds()
    while seconds() < start + duration || times[0].count < 3 {
      for (part, time) in try step().enumerated() { times[part].append(time) }
    }
    let trace = Trace(device: device)
    try Scope.enter(trace) { _ = try valueWithGradients(of: network) { loss() } }
    report(times.map(median), records: trace.count, primitives: primitives, steps: times[0].count)
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private func report(_ parts: [Double], records: Int, primitives: Int, steps: Int) {
    print("\(model): \(records) records become \(primitives) primitives; median of \(steps) steps")
    print(column("", width: 38) + "  us/step  ns/record")
    func line(_ name: String, _ time: Double) {
      print(column(name, width: 38) + column(time * 1e6) + column(time * 1e9 / Double(records), width: 11))
    }
    line("record, with derivative and hash", parts[0])
    line("look up and compare with the plan", parts[1])
    line("dispatch: memory, operands, calls", parts[2])
    line("optimizer", parts[3])
    line("all", parts.reduce(0, +))
  }
}

/// A device that allocates nothing and computes nothing, and notes when it was asked to. It belongs to one thread.
private final class DryDevice: Device, @unchecked Sendable {
  private final class Buffer: DeviceBuffer {
    let byteCount: Int
    init(byteCount: Int) { self.byteCount = byteCount }
  }

  let name = "dry"
  let summary = "a device that does nothing"
  let memory = MemoryStatistics()
  let arenas = Arenas()
  /// When memory was asked for, since `reset()`.
  private(set) var allocations: [Double] = []
  /// How many primitives were handed out.
  private(set) var encoded = 0

  func reset() {
    allocations.removeAll(keepingCapacity: true)
    encoded = 0
  }

  func allocate(byteCount: Int) throws -> any DeviceBuffer {
    allocations.append(seconds())
    return Buffer(byteCount: byteCount)
  }

  func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws {}
  func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws {}
  func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws { encoded += 1 }
  func synchronize() throws {}
}
