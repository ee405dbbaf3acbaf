import Synchronization

/// Memory on a device. It goes back to the device's pool when the last reference is gone.
public protocol DeviceBuffer: AnyObject, Sendable {
  var byteCount: Int { get }
}

/// What a primitive reads or writes: a dense array in a device's memory, or a number handed over by value.
public struct Operand {
  /// Nil for a scalar.
  public var buffer: (any DeviceBuffer)?
  /// Where the array begins in the buffer.
  public var byteOffset: Int
  public var shape: Shape
  public var dtype: DType
  /// A scalar's 32 bits.
  public var word: UInt32

  public init(_ buffer: any DeviceBuffer, byteOffset: Int = 0, shape: Shape, dtype: DType = .float32) {
    self.buffer = buffer
    self.byteOffset = byteOffset
    self.shape = shape
    self.dtype = dtype
    word = 0
  }

  /// A number by value: the bits of a Float, or of an Int32.
  public init(scalar word: UInt32, dtype: DType) {
    buffer = nil
    byteOffset = 0
    shape = []
    self.dtype = dtype
    self.word = word
  }

  public static func scalar(_ value: Float) -> Operand { Operand(scalar: value.bitPattern, dtype: .float32) }
  public static func scalar(_ value: Int32) -> Operand {
    Operand(scalar: UInt32(bitPattern: value), dtype: .int32)
  }

  public var isScalar: Bool { buffer == nil }
}

/// Bytes of a device's memory in the engine's hands.
public struct MemoryStatistics: Sendable, Equatable {
  /// In buffers that something refers to.
  public var inUse: Int
  /// In what is kept for reuse and can be given back at any time: freed buffers, forms of weights.
  public var cached: Int
  /// The high-water mark of `inUse` + `cached`.
  public var peak: Int

  public init(inUse: Int = 0, cached: Int = 0, peak: Int = 0) {
    self.inUse = inUse
    self.cached = cached
    self.peak = peak
  }
}

/// Buffers that wait for somebody who needs one; they go with the device that holds this.
public final class Arenas: Sendable {
  private struct Free: @unchecked Sendable {
    var buffers: [any DeviceBuffer] = []
  }
  private let free = Mutex(Free())

  public init() {}

  /// The bytes that wait.
  public var byteCount: Int { free.withLock { $0.buffers.reduce(0) { $0 + $1.byteCount } } }

  /// The smallest buffer that is large enough. Where there is none, all are let go, to make room for a new one.
  public func take(byteCount: Int) -> (any DeviceBuffer)? {
    free.withLock { free in
      let fitting = free.buffers.indices.filter { free.buffers[$0].byteCount >= byteCount }
      if let best = fitting.min(by: { free.buffers[$0].byteCount < free.buffers[$1].byteCount }) {
        return free.buffers.remove(at: best)
      }
      free.buffers.removeAll()
      return nil
    }
  }

  public func giveBack(_ buffer: any DeviceBuffer) { free.withLock { $0.buffers.append(buffer) } }
}

/// Something that runs primitives, and knows nothing else.
public protocol Device: AnyObject, Sendable {
  /// A short name that also selects it: `cpu`.
  var name: String { get }
  /// One line for people: processor, instruction set, threads.
  var summary: String { get }
  var memory: MemoryStatistics { get }

  /// Memory with undefined contents, aligned to 64 bytes.
  ///
  /// - Throws: `DeviceError` where there is not enough.
  func allocate(byteCount: Int) throws -> any DeviceBuffer

  /// Copies bytes from the host to a place in a buffer, in order with the primitives around it.
  func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws

  /// Waits for what was encoded before, and copies bytes to the host.
  func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer) throws

  /// Whether the device has a way to run a primitive on these operands.
  func canRun(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) -> Bool

  /// The kinds of primitives that `martlet doctor` found wrong on this device, and that another one runs therefore.
  var quarantined: Set<String> { get }

  /// Runs a primitive after everything encoded before it; may return earlier than it ends. Outputs may share memory
  /// with inputs of the same shape and type where the primitive is elementwise, and batch normalisation's dx with its
  /// dy; nothing else may.
  func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws

  /// Waits until everything encoded has ended.
  func synchronize() throws

  /// Gives what is kept for reuse back to the system.
  func trim()

  /// Where the memory of plans waits for the next one.
  var arenas: Arenas { get }
}

extension Device {
  /// Everything, for devices that lack nothing.
  public func canRun(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) -> Bool { true }

  public var quarantined: Set<String> { [] }

  /// Nothing, for devices that keep nothing.
  public func trim() {}
}
