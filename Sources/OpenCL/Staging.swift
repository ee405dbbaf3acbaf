import COpenCL
import MartletCore
import Synchronization

/// Memory of the host that the device reaches by itself, without a copy by the driver.
final class PinnedMemory: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  private let memory: cl_mem
  private let queue: Queue

  /// Nil where the driver gives none.
  init?(_ queue: Queue, byteCount: Int) {
    var status: cl_int = 0
    let flags = cl_mem_flags(CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR)
    guard let memory = queue.functions.clCreateBuffer(queue.context, flags, byteCount, nil, &status),
      status == CL_SUCCESS
    else { return nil }
    guard let start = queue.map(memory, byteCount: byteCount) else {
      queue.release(memory)
      return nil
    }
    self.memory = memory
    self.queue = queue
    bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit {
    queue.unmap(memory, bytes.baseAddress!)
    queue.release(memory)
  }
}

/// Uploads that nobody waits for: bytes are copied to pinned memory, from where the device takes them in its turn, while the
/// host goes on. Two chunks take turns; before one is written again, the upload from it has ended.
final class Staging: Sendable {
  private struct State: @unchecked Sendable {
    let chunks: [PinnedMemory]
    var pending: [cl_event?] = [nil, nil]
    var next = 0
  }
  private let state: Mutex<State>
  private let queue: Queue

  /// Nil where the driver gives no pinned memory.
  init?(_ queue: Queue, chunkByteCount: Int = 4 << 20) {
    let chunks = (0..<2).compactMap { _ in PinnedMemory(queue, byteCount: chunkByteCount) }
    guard chunks.count == 2 else { return nil }
    state = Mutex(State(chunks: chunks))
    self.queue = queue
  }

  deinit {
    queue.finish()
    for event in state.withLock({ $0.pending }) {
      if let event { _ = queue.functions.clReleaseEvent(event) }
    }
  }

  func upload(_ bytes: UnsafeRawBufferPointer, to memory: cl_mem, at offset: Int) throws {
    try state.withLock { state in
      var done = 0
      while done < bytes.count {
        let index = state.next
        let chunk = state.chunks[index].bytes
        if let event = state.pending[index] {
          state.pending[index] = nil
          defer { _ = queue.functions.clReleaseEvent(event) }
          var handle: cl_event? = event
          let status = queue.functions.clWaitForEvents(1, &handle)
          try OpenCL.check(status, "an upload", device: queue.name)
        }
        let count = min(chunk.count, bytes.count - done)
        chunk.baseAddress!.copyMemory(from: bytes.baseAddress! + done, byteCount: count)
        state.pending[index] = try queue.startWrite(
          UnsafeRawBufferPointer(rebasing: chunk[..<count]), to: memory, at: offset + done)
        state.next = 1 - index
        done += count
      }
    }
  }
}
