import COpenCL
import Glibc
import MartletCore

/// Binaries of programs on disk, in `$XDG_CACHE_HOME/martlet/opencl` or `~/.cache/martlet/opencl`, each under what it
/// depends on: platform, device, driver, source and options. What cannot be read, does not match or is not accepted is
/// built anew; what cannot be written is not kept.
struct ProgramCache {
  private let queue: Queue
  private let folder: String?

  init(_ queue: Queue) {
    self.queue = queue
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    let base = variable("XDG_CACHE_HOME") ?? variable("HOME").map { $0 + "/.cache" }
    folder = base.map { $0 + "/martlet/opencl" }
  }

  func load(source: String, options: String) -> cl_program? {
    guard let path = path(source, options), let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
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
    guard let path = path(source, options), let folder else { return }
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
    for end in folder.indices.dropFirst() where folder[end] == "/" { mkdir(String(folder[..<end]), 0o755) }
    mkdir(folder, 0o755)
    // Written beside its place and moved there, so that nobody reads half a file.
    let draft = "\(path).\(getpid())"
    guard let file = fopen(draft, "wb") else { return }
    let bytes = header(source, options) + body + Self.bytes(of: Self.hash(body[...]))
    let isWhole = fwrite(bytes, 1, bytes.count, file) == bytes.count
    if fclose(file) == 0, isWhole { rename(draft, path) } else { unlink(draft) }
  }

  private func path(_ source: String, _ options: String) -> String? {
    let key = Self.hash(Array("\(identity)\n\(options)\n\(source)".utf8)[...])
    return folder.map { "\($0)/\(String(key, radix: 16))" }
  }

  private var identity: String {
    "\(queue.hardware.platformName)\n\(queue.hardware.name)\n\(queue.hardware.driver)"
  }

  /// What the binary was made of, in full, against two programs of one hash.
  private func header(_ source: String, _ options: String) -> [UInt8] {
    Array("martlet opencl 1\n\(identity)\n\(options)\n\(source)\n".utf8)
  }

  /// FNV-1a (Fowler, Noll, Vo).
  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func bytes(of hash: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * UInt64($0))) }
  }
}
