import COpenCL
import MartletCore

/// Binaries of programs on disk, in the folder `opencl` of the cache (see `CacheFile`), each under what it depends on:
/// platform, device, driver, source and options. What cannot be read, does not match or is not accepted is built anew;
/// what cannot be written is not kept.
struct ProgramCache {
  private let queue: Queue

  init(_ queue: Queue) { self.queue = queue }

  func load(source: String, options: String) -> cl_program? {
    guard let bytes = file(source, options)?.read() else { return nil }
    let header = header(source, options)
    // The file ends with the hash of what stands before it.
    guard bytes.count > header.count + 8, bytes.starts(with: header) else { return nil }
    let body = bytes[header.count..<bytes.count - 8]
    guard Array(bytes.suffix(8)) == Self.bytes(of: Self.hash(body)) else { return nil }
    var device: cl_device_id? = queue.hardware.device
    var length = body.count
    var (status, taken): (cl_int, cl_int) = (0, 0)
    let program = body.withUnsafeBufferPointer { body -> cl_program? in
      var pointer: UnsafePointer<UInt8>? = body.baseAddress
      return queue.functions.clCreateProgramWithBinary(
        queue.context, 1, &device, &length, &pointer, &taken, &status)
    }
    guard status == CL_SUCCESS, taken == CL_SUCCESS else { return nil }
    return program
  }

  func save(_ program: cl_program, source: String, options: String) {
    guard let file = file(source, options) else { return }
    var length = 0
    let functions = queue.functions
    let sizes = cl_program_info(CL_PROGRAM_BINARY_SIZES)
    guard functions.clGetProgramInfo(program, sizes, MemoryLayout<Int>.size, &length, nil) == CL_SUCCESS,
      length > 0
    else { return }
    var body = [UInt8](repeating: 0, count: length)
    let status = body.withUnsafeMutableBufferPointer { body -> cl_int in
      var pointer = body.baseAddress
      let size = MemoryLayout<UnsafeMutablePointer<UInt8>?>.size
      return functions.clGetProgramInfo(program, cl_program_info(CL_PROGRAM_BINARIES), size, &pointer, nil)
    }
    guard status == CL_SUCCESS else { return }
    file.write(header(source, options) + body + Self.bytes(of: Self.hash(body[...])))
  }

  private func file(_ source: String, _ options: String) -> CacheFile? {
    let key = Self.hash(Array("\(identity)\n\(options)\n\(source)".utf8)[...])
    return CacheFile("opencl/\(String(key, radix: 16))")
  }

  private var identity: String {
    "\(queue.hardware.platformName)\n\(queue.hardware.name)\n\(queue.hardware.driver)"
  }

  /// What the binary was made of, in full, against two programs of one hash.
  private func header(_ source: String, _ options: String) -> [UInt8] {
    Array("martlet opencl 1\n\(identity)\n\(options)\n\(source)\n".utf8)
  }

  /// FNV-1a (Fowler, Noll, Vo).
  static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func bytes(of hash: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * UInt64($0))) }
  }
}
