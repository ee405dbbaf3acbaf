import COpenCL
import MartletCore
import Synchronization

/// A device on OpenCL, of any vendor.
///
/// Primitives are put into one queue, which runs them in order, and may still run when `encode` returns. How sums are split
/// depends on the problem alone, so results have the same bits on every run.
public final class OpenCLDevice: Device {
  public let hardware: Hardware
  let queue: Queue
  let pool: MemoryPool
  let shape: TileShape
  public let arenas = Arenas()
  private let encoder: Encoder
  private let isEncoding = Mutex(())

  /// - Throws: `DeviceError` where the driver gives no context or queue.
  public init(_ hardware: Hardware, shape: TileShape? = nil) throws {
    self.hardware = hardware
    self.shape = shape ?? TileShape(for: hardware)
    queue = try Queue(hardware)
    pool = MemoryPool(queue)
    encoder = Encoder(queue, pool, self.shape)
  }

  public var name: String { queue.name }
  public var summary: String { hardware.summary }
  public var memory: MemoryStatistics { pool.statistics }

  public func allocate(byteCount: Int) throws -> any DeviceBuffer { try pool.allocate(byteCount: byteCount) }

  public func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws
  {
    precondition(byteOffset + bytes.count <= buffer.byteCount, "an upload reaches beyond its buffer")
    try queue.write(bytes, to: OpenCLBuffer.of(buffer).memory, at: byteOffset)
  }

  public func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    precondition(byteOffset + bytes.count <= buffer.byteCount, "a download reaches beyond its buffer")
    try queue.read(OpenCLBuffer.of(buffer).memory, at: byteOffset, into: bytes)
  }

  /// Kernels count elements in 32 bits, and take numbers by value.
  public func canRun(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) -> Bool {
    let numbers: ArraySlice<Operand> =
      switch primitive {
      case .random: inputs[...]
      case .batchNormalization, .batchNormalizationBackward: inputs.suffix(1)
      default: []
      }
    return numbers.allSatisfy(\.isScalar) && (inputs + outputs).allSatisfy { $0.shape.count <= Int32.max }
  }

  public func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    try isEncoding.withLock { _ in try encoder.encode(primitive, inputs: inputs, outputs: outputs) }
  }

  public func synchronize() throws { try queue.synchronize() }

  public func trim() { pool.trim() }
}
