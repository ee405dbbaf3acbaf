import COpenCL
import MartletCore

/// The context and the one queue of a device, which runs commands in order.
final class Queue: @unchecked Sendable {
  let hardware: Hardware
  let name: String
  let functions = OpenCL.functions
  let context: cl_context
  private let queue: cl_command_queue

  init(_ hardware: Hardware) throws {
    self.hardware = hardware
    name = "opencl:\(hardware.index)"
    var device: cl_device_id? = hardware.device
    var status: cl_int = 0
    let context = functions.clCreateContext(nil, 1, &device, nil, nil, &status)
    guard let context, status == CL_SUCCESS else {
      throw DeviceError("\(hardware.name) does not start: \(OpenCL.name(of: status))", device: name)
    }
    self.context = context
    let queue = functions.clCreateCommandQueue(context, hardware.device, 0, &status)
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
    let status = functions.clEnqueueWriteBuffer(
      queue, memory, cl_bool(1), offset, bytes.count, bytes.baseAddress!, 0, nil, nil)
    try OpenCL.check(status, "an upload of \(bytes.count) bytes", device: name)
  }

  func read(_ memory: cl_mem, at offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws {
    guard bytes.count > 0 else { return }
    let status = functions.clEnqueueReadBuffer(
      queue, memory, cl_bool(1), offset, bytes.count, bytes.baseAddress!, 0, nil, nil)
    try OpenCL.check(status, "a download of \(bytes.count) bytes", device: name)
  }

  func copy(_ source: cl_mem, at from: Int, to target: cl_mem, at to: Int, byteCount: Int) throws {
    let status = functions.clEnqueueCopyBuffer(queue, source, target, from, to, byteCount, 0, nil, nil)
    try OpenCL.check(status, "a copy of \(byteCount) bytes", device: name)
  }

  func launch(_ kernel: cl_kernel, named what: String, items: [Int], group: [Int]) throws {
    let status = functions.clEnqueueNDRangeKernel(
      queue, kernel, cl_uint(items.count), nil, items, group, 0, nil, nil)
    try OpenCL.check(status, "the kernel \(what)", device: name)
  }
}
