import COpenCL
import MartletCore

/// The context and the one queue of a device, which runs commands in order.
final class Queue: @unchecked Sendable {
  let hardware: Hardware
  let name: String
  let functions = OpenCL.functions
  let context: cl_context
  /// Nil where nobody asks for the times of commands, which cost the driver some work.
  let profile: Profile?
  private let queue: cl_command_queue

  init(_ hardware: Hardware, isProfiled: Bool = false) throws {
    self.hardware = hardware
    name = "opencl:\(hardware.index)"
    profile = isProfiled ? Profile() : nil
    var device: cl_device_id? = hardware.device
    var status: cl_int = 0
    let context = functions.clCreateContext(nil, 1, &device, nil, nil, &status)
    guard let context, status == CL_SUCCESS else {
      throw DeviceError("\(hardware.name) does not start: \(OpenCL.name(of: status))", device: name)
    }
    self.context = context
    let properties = cl_command_queue_properties(isProfiled ? CL_QUEUE_PROFILING_ENABLE : 0)
    let queue = functions.clCreateCommandQueue(context, hardware.device, properties, &status)
    guard let queue, status == CL_SUCCESS else {
      _ = functions.clReleaseContext(context)
      throw DeviceError(
        "\(hardware.name) gives no queue: \(OpenCL.name(of: status))", device: "opencl:\(hardware.index)")
    }
    self.queue = queue
  }

  deinit {
    _ = functions.clFinish(queue)
    _ = functions.clReleaseCommandQueue(queue)
    _ = functions.clReleaseContext(context)
  }

  func newMemory(_ byteCount: Int) -> cl_mem? {
    var status: cl_int = 0
    let memory = functions.clCreateBuffer(context, cl_mem_flags(CL_MEM_READ_WRITE), byteCount, nil, &status)
    return status == CL_SUCCESS ? memory : nil
  }

  func release(_ memory: cl_mem) { _ = functions.clReleaseMemObject(memory) }

  /// Waits until the queue is empty, whatever became of its commands.
  func finish() { _ = functions.clFinish(queue) }

  func synchronize() throws {
    try OpenCL.check(functions.clFinish(queue), "waiting for the device", device: name)
  }

  func write(_ bytes: UnsafeRawBufferPointer, to memory: cl_mem, at offset: Int) throws {
    guard bytes.count > 0 else { return }
    try command("upload", "an upload of \(bytes.count) bytes") { event in
      functions.clEnqueueWriteBuffer(
        queue, memory, cl_bool(1), offset, bytes.count, bytes.baseAddress!, 0, nil, event)
    }
  }

  func read(_ memory: cl_mem, at offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws {
    guard bytes.count > 0 else { return }
    try command("download", "a download of \(bytes.count) bytes") { event in
      functions.clEnqueueReadBuffer(
        queue, memory, cl_bool(1), offset, bytes.count, bytes.baseAddress!, 0, nil, event)
    }
  }

  func copy(_ source: cl_mem, at from: Int, to target: cl_mem, at to: Int, byteCount: Int) throws {
    try command("copy", "a copy of \(byteCount) bytes") { event in
      functions.clEnqueueCopyBuffer(queue, source, target, from, to, byteCount, 0, nil, event)
    }
  }

  func launch(_ kernel: cl_kernel, named what: String, items: [Int], group: [Int]) throws {
    try command(what, "the kernel \(what)") { event in
      functions.clEnqueueNDRangeKernel(queue, kernel, cl_uint(items.count), nil, items, group, 0, nil, event)
    }
  }

  /// Begins to write; the bytes must stay until the event has ended, which the caller releases.
  func startWrite(_ bytes: UnsafeRawBufferPointer, to memory: cl_mem, at offset: Int) throws -> cl_event {
    var event: cl_event?
    let status = functions.clEnqueueWriteBuffer(
      queue, memory, cl_bool(0), offset, bytes.count, bytes.baseAddress!, 0, nil, &event)
    try OpenCL.check(status, "an upload of \(bytes.count) bytes", device: name)
    guard let event else { throw DeviceError("an upload has no event", device: name) }
    // Nobody waits for it soon, so the driver must be told to start.
    _ = functions.clFlush(queue)
    return event
  }

  /// Where the host finds the bytes of a buffer; nil where the driver cannot say.
  func map(_ memory: cl_mem, byteCount: Int) -> UnsafeMutableRawPointer? {
    var status: cl_int = 0
    let flags = cl_map_flags(CL_MAP_READ | CL_MAP_WRITE)
    let start = functions.clEnqueueMapBuffer(
      queue, memory, cl_bool(1), flags, 0, byteCount, 0, nil, nil, &status)
    return status == CL_SUCCESS ? start : nil
  }

  func unmap(_ memory: cl_mem, _ start: UnsafeMutableRawPointer) {
    _ = functions.clEnqueueUnmapMemObject(queue, memory, start, 0, nil, nil)
    finish()
  }

  /// Puts a command into the queue, with an event where times are asked for.
  func command(
    _ what: String, _ sentence: @autoclosure () -> String,
    _ enqueue: (UnsafeMutablePointer<cl_event?>?) -> cl_int
  ) throws {
    guard let profile else { return try OpenCL.check(enqueue(nil), sentence(), device: name) }
    var event: cl_event?
    try OpenCL.check(enqueue(&event), sentence(), device: name)
    if let event { profile.note(event, of: what) }
  }

  /// Hands the queue to a library that puts commands into it.
  func withQueue<Result>(_ body: (UnsafeMutablePointer<cl_command_queue?>) -> Result) -> Result {
    var handle: cl_command_queue? = queue
    return body(&handle)
  }
}
