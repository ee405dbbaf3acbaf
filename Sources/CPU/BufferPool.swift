import Glibc
import MartletCore
import Synchronization

/// Host memory, aligned to 64 bytes, with 64 more bytes behind its end so that whole vectors may be read.
public final class CPUBuffer: DeviceBuffer {
  public let byteCount: Int
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer
  fileprivate let capacity: Int
  private let pool: BufferPool

  fileprivate init(pointer: UnsafeMutableRawPointer, byteCount: Int, capacity: Int, pool: BufferPool) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.giveBack(pointer, capacity: capacity) }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }

  static func of(_ buffer: any DeviceBuffer) -> CPUBuffer {
    guard let buffer = buffer as? CPUBuffer else { preconditionFailure("a buffer of another device") }
    return buffer
  }
}

/// Keeps freed memory for reuse, by size class: eight classes for each doubling, so at most an eighth is wasted.
///
/// What is in use and what is kept are together at most twice what has ever been in use at once (and 16 MiB are always
/// kept): beyond that, what has waited longest goes back to the system. So training and the evaluation after each epoch,
/// whose arrays have other sizes, do not take each other's memory from one another again and again.
final class BufferPool: Sendable {
  fileprivate struct Block: @unchecked Sendable {
    var pointer: UnsafeMutableRawPointer
    /// When it came back.
    var tick: Int
  }
  fileprivate struct State {
    var free: [Int: [Block]] = [:]
    var statistics = MemoryStatistics()
    var mostInUse = 0
    var tick = 0
  }
  private let state = Mutex(State())
  fileprivate static let alwaysKept = 16 << 20

  var statistics: MemoryStatistics { state.withLock { $0.statistics } }

  deinit {
    state.withLock { state in
      for block in state.free.values.joined() { free(block.pointer) }
    }
  }

  /// - Throws: `DeviceError` where the system has not enough memory.
  func allocate(byteCount: Int) throws -> CPUBuffer {
    precondition(byteCount >= 0, "a buffer cannot have \(byteCount) bytes")
    let capacity = Self.capacity(for: byteCount)
    let reused = state.withLock { $0.take(capacity) }
    if let reused {
      return CPUBuffer(pointer: reused.pointer, byteCount: byteCount, capacity: capacity, pool: self)
    }
    var fresh: UnsafeMutableRawPointer?
    guard posix_memalign(&fresh, 64, capacity) == 0, let fresh else {
      state.withLock { $0.statistics.inUse -= capacity }
      throw DeviceError("no memory for \(byteCount) bytes", device: "cpu")
    }
    return CPUBuffer(pointer: fresh, byteCount: byteCount, capacity: capacity, pool: self)
  }

  fileprivate func giveBack(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
    nonisolated(unsafe) let pointer = pointer
    state.withLock { $0.put(pointer, capacity: capacity) }
  }

  /// The bytes behind a request: the slack added, rounded up to its class.
  static func capacity(for byteCount: Int) -> Int {
    let needed = max(byteCount + 64, 512)
    let step = 1 << (Int.bitWidth - 1 - needed.leadingZeroBitCount - 3)
    return (needed + step - 1) / step * step
  }
}

extension BufferPool.State {
  /// Counts a block as used; the block itself where one of this class is free.
  fileprivate mutating func take(_ capacity: Int) -> BufferPool.Block? {
    let block = free[capacity]?.popLast()
    if block != nil { statistics.cached -= capacity }
    statistics.inUse += capacity
    mostInUse = max(mostInUse, statistics.inUse)
    evictSurplus()
    statistics.peak = max(statistics.peak, statistics.inUse + statistics.cached)
    return block
  }

  fileprivate mutating func put(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
    tick += 1
    free[capacity, default: []].append(BufferPool.Block(pointer: pointer, tick: tick))
    statistics.inUse -= capacity
    statistics.cached += capacity
    evictSurplus()
  }

  private mutating func evictSurplus() {
    while statistics.cached > max(BufferPool.alwaysKept, 2 * mostInUse - statistics.inUse) { evict() }
  }

  /// Frees the block that has waited longest.
  private mutating func evict() {
    guard let oldest = free.min(by: { ($0.value.first?.tick ?? .max) < ($1.value.first?.tick ?? .max) }),
      let block = oldest.value.first
    else { return }
    Glibc.free(block.pointer)
    free[oldest.key]?.removeFirst()
    statistics.cached -= oldest.key
  }
}
