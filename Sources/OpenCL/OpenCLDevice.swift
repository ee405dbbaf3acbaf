import COpenCL
import Glibc
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
  public let shape: TileShape
  public let arenas = Arenas()
  /// What is left to another device; see `Quarantine`.
  public let quarantined: Set<String>
  private let encoder: Encoder
  private let isEncoding = Mutex(())
  private let staging: Staging?

  /// - Parameters:
  ///   - shape: the tiles of products and convolutions; by default those for the kind of device.
  ///   - quarantine: what is not run here; by default everything is.
  ///   - broken: a kernel that is compiled to give wrong results, to try what finds such kernels; by default the one
  ///     that `MARTLET_BREAK_KERNEL` names.
  ///   - isProfiled: whether the device's clock is read, for `takeCommandTimes()`.
  ///   - stagesUploads: whether uploads go through pinned memory, so that the host need not wait for what the device does
  ///     before them; by default on GPUs.
  /// - Throws: `DeviceError` where the driver gives no context or queue, and where there is no kernel to be broken.
  public init(
    _ hardware: Hardware, shape: TileShape? = nil, quarantine: Quarantine? = nil, broken: String? = nil,
    isProfiled: Bool = false, stagesUploads: Bool? = nil
  ) throws {
    self.hardware = hardware
    let tiles = shape ?? TileShape(for: hardware)
    self.shape = tiles
    quarantined = quarantine?.kinds(with: tiles) ?? []
    let broken = broken ?? getenv("MARTLET_BREAK_KERNEL").map { String(cString: $0) }
    if let broken, !Programs.names.contains(broken) {
      let error = NameError(kind: "kernel", name: broken, known: Programs.names)
      throw DeviceError("MARTLET_BREAK_KERNEL: \(error)", device: "opencl:\(hardware.index)")
    }
    queue = try Queue(hardware, isProfiled: isProfiled)
    pool = MemoryPool(queue)
    encoder = Encoder(queue, pool, tiles, broken: broken)
    staging = stagesUploads ?? hardware.isGPU ? Staging(queue) : nil
  }

  /// The kernels that `MARTLET_BREAK_KERNEL` may name.
  public static var kernelNames: [String] { Programs.names }

  /// Whether how a primitive is shared out depends on a `TileShape`.
  public static func hasTiles(_ primitive: Primitive) -> Bool {
    switch primitive {
    case .gemm, .convolution, .reduction, .pooling, .resampling, .batchNormalization,
      .batchNormalizationBackward, .copy, .random, .elementwise, .fill:
      true
    default: false
    }
  }

  public var name: String { queue.name }
  public var summary: String { hardware.summary }
  public var memory: MemoryStatistics { pool.statistics }

  public func allocate(byteCount: Int) throws -> any DeviceBuffer { try pool.allocate(byteCount: byteCount) }

  public func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws
  {
    precondition(byteOffset + bytes.count <= buffer.byteCount, "an upload reaches beyond its buffer")
    let memory = OpenCLBuffer.of(buffer).memory
    guard let staging else { return try queue.write(bytes, to: memory, at: byteOffset) }
    try staging.upload(bytes, to: memory, at: byteOffset)
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
    let largest = (inputs + outputs).map(\.shape.count).max() ?? 0
    return !quarantined.contains(primitive.kind) && numbers.allSatisfy(\.isScalar) && largest <= Int32.max
      && sourceFits(primitive, largest: largest)
  }

  /// Whether a convolution's source can still be counted in 32 bits where it is laid out anew, which small ones need not ask.
  private func sourceFits(_ primitive: Primitive, largest: Int) -> Bool {
    guard largest >= 1 << 24, case .convolution(let pass, let geometry, _) = primitive else { return true }
    return geometry.largestSource(for: pass, vector: shape.vector) <= Int32.max
  }

  public func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    try encoding { try $0.encode(primitive, inputs: inputs, outputs: outputs) }
  }

  func encoding(_ body: (Encoder) throws -> Void) throws {
    try isEncoding.withLock { _ in try body(encoder) }
  }

  /// How long the device ran each command since the last call, in their order; waits for them to end. Uploads through
  /// pinned memory are not among them, and nothing is where the device is not profiled.
  public func takeCommandTimes() throws -> [CommandTime] {
    try queue.synchronize()
    return try queue.profile?.takeTimes(device: name) ?? []
  }

  /// The names of the kernels that ran since this was called before.
  public func takeLaunchedKernels() -> Set<String> { isEncoding.withLock { _ in encoder.takeLaunched() } }

  public func synchronize() throws { try queue.synchronize() }

  public func trim() { pool.trim() }
}
