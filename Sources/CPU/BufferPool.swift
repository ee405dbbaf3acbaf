import MartletCore
import Synchronization

/// Host memory, aligned to 64 bytes, with 64 more bytes behind its end so that whole vectors may be read.
public final class CPUBuffer: DeviceBuffer {
  public let byteCount: Int
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer
  /// What kernels read instead of weights that lie here.
  let forms: Mutex<KeptForms>
  private let block: BufferPool.Block
  private let pool: BufferPool

  fileprivate init(_ block: BufferPool.Block, byteCount: Int, pool: BufferPool) {
    pointer = block.pointer
    self.byteCount = byteCount
    forms = Mutex(KeptForms(ofBytes: byteCount))
    self.block = block
    self.pool = pool
  }

  deinit {
    if forms.withLock({ $0.isKnownToPool }) { pool.formOwners.withLock { $0[ObjectIdentifier(self)] = nil } }
    pool.giveBack(block)
  }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }

  static func of(_ buffer: any DeviceBuffer) -> CPUBuffer {
    guard let buffer = buffer as? CPUBuffer else { preconditionFailure("a buffer of another device") }
    return buffer
  }
}

/// Keeps freed memory for reuse, by size class: eight classes for each doubling, and one for each mebibyte of large
/// buffers, so that at most an eighth is wasted. Scratch memory, which is used for the time of one primitive only, has no
/// classes: any piece that is large enough will do, and one that is too small goes back to the system for a larger one.
///
/// What is in use and what is kept are together at most twice what has ever been in use at once (and 16 MiB are always
/// kept): beyond that, what has waited longest goes back to the system. So training and the evaluation after each epoch,
/// whose arrays have other sizes, do not take each other's memory from one another again and again.
final class BufferPool: Sendable {
  fileprivate struct Block: @unchecked Sendable {
    var pointer: UnsafeMutableRawPointer
    var capacity: Int
    /// What it is kept under: its capacity, or 0 for scratch.
    var sizeClass: Int
    /// Whether it holds a form of weights.
    var isForm: Bool
    /// When it came back.
    var tick = 0
  }
  fileprivate struct State {
    var free: [Int: [Block]] = [:]
    var statistics = MemoryStatistics()
    var formBytes = 0
    var mostInUse = 0
    var tick = 0
  }
  private let state = Mutex(State())
  fileprivate static let alwaysKept = 16 << 20

  /// Buffers some of whose contents have forms that are kept.
  let formOwners = Mutex<[ObjectIdentifier: FormOwner]>([:])
  struct FormOwner: Sendable { weak let buffer: CPUBuffer? }

  var statistics: MemoryStatistics { state.withLock { $0.all } }
  var formBytes: Int { state.withLock { $0.formBytes } }

  deinit {
    state.withLock { state in
      for block in state.free.values.joined() { HostMemory.free(block.pointer, capacity: block.capacity) }
    }
  }

  /// - Parameters:
  ///   - isScratch: whether it is let go before the next primitive runs.
  ///   - isForm: whether it holds a form of weights, which counts as cached.
  /// - Throws: `DeviceError` where the system has not enough memory.
  func allocate(byteCount: Int, isScratch: Bool = false, isForm: Bool = false) throws -> CPUBuffer {
    precondition(byteCount >= 0, "a buffer cannot have \(byteCount) bytes")
    let capacity = Self.capacity(for: byteCount)
    if let block = state.withLock({ $0.take(capacity, isScratch: isScratch, isForm: isForm) }) {
      return CPUBuffer(block, byteCount: byteCount, pool: self)
    }
    guard let fresh = HostMemory.allocate(capacity) else {
      state.withLock { $0.count(-capacity, isForm: isForm) }
      throw DeviceError("no memory for \(byteCount) bytes", device: "cpu")
    }
    return CPUBuffer(
      Block(pointer: fresh, capacity: capacity, sizeClass: isScratch ? 0 : capacity, isForm: isForm),
      byteCount: byteCount, pool: self)
  }

  /// Gives all that is kept back to the system.
  func trim() {
    let owners = formOwners.withLock { owners in
      defer { owners = [:] }
      return owners.values.compactMap(\.buffer)
    }
    for owner in owners { owner.forms.withLock { $0.dropAll() } }
    state.withLock { $0.evictAll() }
  }

  fileprivate func giveBack(_ block: Block) { state.withLock { $0.put(block) } }

  /// The bytes behind a request: the slack added, rounded up to its class.
  static func capacity(for byteCount: Int) -> Int {
    let needed = max(byteCount + 64, 512)
    let step = min(1 << 20, 1 << (Int.bitWidth - 1 - needed.leadingZeroBitCount - 3))
    return (needed + step - 1) / step * step
  }
}

extension BufferPool.State {
  /// Counts a block as used; the block itself where one of this class is free, or one that serves as scratch.
  fileprivate mutating func take(_ capacity: Int, isScratch: Bool, isForm: Bool) -> BufferPool.Block? {
    var block = isScratch ? takeScratch(capacity) : free[capacity]?.popLast()
    block?.isForm = isForm
    if let block { statistics.cached -= block.capacity }
    count(block?.capacity ?? capacity, isForm: isForm)
    mostInUse = max(mostInUse, statistics.inUse)
    evictSurplus()
    statistics.peak = max(statistics.peak, statistics.inUse + all.cached)
    return block
  }

  /// Forms are counted apart: their buffers are not free, but whoever needs the memory can have it.
  fileprivate var all: MemoryStatistics {
    var all = statistics
    all.cached += formBytes
    return all
  }

  fileprivate mutating func count(_ bytes: Int, isForm: Bool) {
    if isForm { formBytes += bytes } else { statistics.inUse += bytes }
  }

  /// The smallest piece of scratch that is large enough; where there is none, the largest makes room for a new one.
  private mutating func takeScratch(_ capacity: Int) -> BufferPool.Block? {
    let pieces = free[0, default: []]
    let fitting = pieces.indices.filter { pieces[$0].capacity >= capacity }
    if let best = fitting.min(by: { pieces[$0].capacity < pieces[$1].capacity }) {
      return free[0]!.remove(at: best)
    }
    if let largest = pieces.indices.max(by: { pieces[$0].capacity < pieces[$1].capacity }) {
      release(free[0]!.remove(at: largest))
    }
    return nil
  }

  fileprivate mutating func put(_ block: BufferPool.Block) {
    tick += 1
    var block = block
    block.tick = tick
    free[block.sizeClass, default: []].append(block)
    count(-block.capacity, isForm: block.isForm)
    statistics.cached += block.capacity
    evictSurplus()
  }

  fileprivate mutating func evictAll() {
    while statistics.cached > 0 { evict() }
  }

  private mutating func evictSurplus() {
    while statistics.cached > max(BufferPool.alwaysKept, 2 * mostInUse - statistics.inUse) { evict() }
  }

  /// Frees the block that has waited longest.
  private mutating func evict() {
    guard let oldest = free.min(by: { ($0.value.first?.tick ?? .max) < ($1.value.first?.tick ?? .max) }),
      !oldest.value.isEmpty
    else { return }
    release(free[oldest.key]!.removeFirst())
  }

  private mutating func release(_ block: BufferPool.Block) {
    HostMemory.free(block.pointer, capacity: block.capacity)
    statistics.cached -= block.capacity
  }
}
