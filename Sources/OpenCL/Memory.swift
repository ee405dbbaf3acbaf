import COpenCL
import MartletCore
import Synchronization

/// Memory of an OpenCL device.
final class OpenCLBuffer: DeviceBuffer, @unchecked Sendable {
  let byteCount: Int
  let memory: cl_mem
  private let capacity: Int
  private let pool: MemoryPool

  fileprivate init(_ memory: cl_mem, capacity: Int, byteCount: Int, pool: MemoryPool) {
    self.memory = memory
    self.capacity = capacity
    self.byteCount = byteCount
    self.pool = pool
  }

  deinit { pool.giveBack(memory, capacity) }

  static func of(_ buffer: any DeviceBuffer) -> OpenCLBuffer {
    guard let buffer = buffer as? OpenCLBuffer else { preconditionFailure("a buffer of another device") }
    return buffer
  }
}

/// Keeps freed buffers for reuse by size class, eight for each doubling. With one queue that runs everything in order, a
/// buffer may be handed out again while commands that use it still wait: those of its next owner come after them. The
/// driver gets memory back only when the queue is empty.
final class MemoryPool: Sendable {
  private struct State: @unchecked Sendable {
    var free: [Int: [cl_mem]] = [:]
    var statistics = MemoryStatistics()
  }
  private let state = Mutex(State())
  private let queue: Queue

  init(_ queue: Queue) { self.queue = queue }

  deinit { trim() }

  var statistics: MemoryStatistics { state.withLock { $0.statistics } }

  /// - Throws: `DeviceError` where the device has not enough memory, also after giving back all that is kept.
  func allocate(byteCount: Int) throws -> OpenCLBuffer {
    precondition(byteCount >= 0, "a buffer cannot have \(byteCount) bytes")
    let needed = max(byteCount, 512)
    let step = 1 << (Int.bitWidth - 1 - needed.leadingZeroBitCount - 3)
    let capacity = (needed + step - 1) / step * step
    let kept = state.withLock { state -> cl_mem? in
      guard let memory = state.free[capacity]?.popLast() else { return nil }
      state.statistics.cached -= capacity
      state.statistics.inUse += capacity
      return memory
    }
    if let kept { return OpenCLBuffer(kept, capacity: capacity, byteCount: byteCount, pool: self) }
    var fresh = queue.newMemory(capacity)
    if fresh == nil {
      trim()
      fresh = queue.newMemory(capacity)
    }
    guard let fresh else {
      throw DeviceError(
        "no memory for \(byteCount) bytes; \(statistics.inUse) bytes are in use, the device has "
          + "\(queue.hardware.memory) and allows \(queue.hardware.largestBuffer) at once; "
          + "take smaller batches", device: queue.name)
    }
    state.withLock { state in
      state.statistics.inUse += capacity
      let held = state.statistics.inUse + state.statistics.cached
      state.statistics.peak = max(state.statistics.peak, held)
    }
    return OpenCLBuffer(fresh, capacity: capacity, byteCount: byteCount, pool: self)
  }

  fileprivate func giveBack(_ memory: cl_mem, _ capacity: Int) {
    state.withLock { state in
      state.free[capacity, default: []].append(memory)
      state.statistics.inUse -= capacity
      state.statistics.cached += capacity
    }
  }

  /// Gives all that is kept back to the driver.
  func trim() {
    let freed = state.withLock { state -> [cl_mem] in
      defer {
        state.free = [:]
        state.statistics.cached = 0
      }
      return state.free.values.flatMap { $0 }
    }
    guard !freed.isEmpty else { return }
    queue.finish()
    for memory in freed { queue.release(memory) }
  }
}
