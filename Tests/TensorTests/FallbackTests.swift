import MartletTestSupport
import Synchronization
import Testing

@Suite struct FallbackTests {
  /// A device on the CPU that has no way to run reductions and products, and counts what it runs.
  private final class Lacking: Device {
    let inner: any Device
    let count = Atomic<Int>(0)

    init() throws { inner = try Devices.cpu(threads: 1) }

    var name: String { "lacking" }
    var summary: String { inner.summary }
    var memory: MemoryStatistics { inner.memory }
    var arenas: Arenas { inner.arenas }
    func allocate(byteCount: Int) throws -> any DeviceBuffer { try inner.allocate(byteCount: byteCount) }
    func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws {
      try inner.upload(bytes, to: buffer, at: byteOffset)
    }
    func download(
      _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
    ) throws { try inner.download(buffer, at: byteOffset, into: bytes) }
    func canRun(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) -> Bool {
      switch primitive {
      case .reduction, .gemm: false
      default: true
      }
    }
    func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
      try #require(canRun(primitive, inputs: inputs, outputs: outputs))
      count.add(1, ordering: .relaxed)
      try inner.encode(primitive, inputs: inputs, outputs: outputs)
    }
    func synchronize() throws { try inner.synchronize() }
  }

  private func value() throws -> [Float] {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float]).reshaped([2, 3])
    return try [Float](compute { (x.matmul(x.transposed()) * 2).sum(axes: [0]) + x.mean() })
  }

  @Test func whatIsLackingRunsOnTheSecondDevice() throws {
    let lacking = try Lacking()
    let lines = Mutex<[String]>([])
    let device = FallbackDevice(lacking, secondary: try Devices.cpu(threads: 1)) { line in
      lines.withLock { $0.append(line) }
    }
    let expected = try withContext(device: Devices.cpu(threads: 1)) { try value() }
    for _ in 0..<2 { #expect(try withContext(device: device) { try value() } == expected) }
    #expect(expected == [95.5, 221.5])
    // Each kind is reported once, and what the first device can run stays there.
    #expect(
      lines.withLock { $0.sorted() } == [
        "lacking does not run this gemm; cpu does", "lacking does not run this reduction; cpu does",
      ])
    #expect(Set(device.fallbacks) == ["gemm", "reduction"])
    #expect(lacking.count.load(ordering: .relaxed) > 0)
  }
}
