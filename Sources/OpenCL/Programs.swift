import COpenCL
import MartletCore
import MartletKernels

/// Compiled programs and their kernels, each built when it is first needed. Callers hold the device's lock.
final class Programs: @unchecked Sendable {
  private struct Key: Hashable {
    var source: String
    var options: String
  }
  /// The files of Kernels, first those that every program begins with.
  static let files = [
    "prelude", "functions", "elementwise", "copy", "reduction", "product", "gemm", "panels", "dots", "skinny",
    "planar",
    "channelwise", "frame", "convolution", "pooling", "batchnormalization", "softmax", "gather", "resampling",
    "random",
  ]
  /// Those that the file `product` comes before, too.
  private static let products: Set = [
    "gemm", "panels", "dots", "skinny", "planar", "channelwise", "convolution",
  ]
  private let queue: Queue
  /// A kernel that is spoiled on purpose; see prelude.cl.
  private let broken: String?
  private let cache: ProgramCache
  private var programs: [Key: cl_program] = [:]
  private var kernels: [String: cl_kernel] = [:]

  init(_ queue: Queue, broken: String?) {
    self.queue = queue
    self.broken = broken
    cache = ProgramCache(queue)
  }

  deinit {
    for kernel in kernels.values { _ = queue.functions.clReleaseKernel(kernel) }
    for program in programs.values { _ = queue.functions.clReleaseProgram(program) }
  }

  /// A kernel of a file in Kernels, compiled with macros (`T=float`); `text` follows the file where it is given.
  func kernel(_ name: String, of file: String, macros: [String] = [], text: String = "") throws -> cl_kernel {
    let spoiled = name == broken ? ["BROKEN"] : []
    let options = (macros + spoiled).map { "-D" + $0 }.joined(separator: " ")
    let key = "\(name) \(file) \(options) \(text)"
    if let known = kernels[key] { return known }
    let program = try self.program(Key(source: Self.source(file) + text, options: options), file)
    var status: cl_int = 0
    let kernel = queue.functions.clCreateKernel(program, name, &status)
    guard let kernel, status == CL_SUCCESS else {
      throw DeviceError("\(file).cl has no kernel \(name): \(OpenCL.name(of: status))", device: queue.name)
    }
    kernels[key] = kernel
    return kernel
  }

  /// The kernels of all files, and `program`, which elementwise programs are written as.
  static let names: [String] = {
    let texts = files.compactMap { martletKernelSource($0).map { String(cString: $0) } }
    let names = texts.flatMap { text in
      text.split(separator: "\n").compactMap { line -> String? in
        guard let start = line.firstRange(of: "void "), let end = line.firstRange(of: "(ARRAY(") else {
          return nil
        }
        return String(line[start.upperBound..<end.lowerBound])
      }
    }
    return names + ["program"]
  }()

  /// The text of a file with what every program begins with.
  private static func source(_ file: String) -> String {
    (["prelude", "functions"] + (products.contains(file) ? ["product"] : []) + [file]).map { name in
      guard let text = martletKernelSource(name) else { preconditionFailure("there is no \(name).cl") }
      return String(cString: text)
    }.joined()
  }

  private func program(_ key: Key, _ file: String) throws -> cl_program {
    if let known = programs[key] { return known }
    let exact = queue.hardware.dividesExactly ? " -cl-fp32-correctly-rounded-divide-sqrt" : ""
    let options = "-w -cl-std=CL1.2\(exact) \(key.options)"
    if let kept = cache.load(source: key.source, options: options) {
      if build(kept, options) == CL_SUCCESS {
        programs[key] = kept
        return kept
      }
      _ = queue.functions.clReleaseProgram(kept)
    }
    var status: cl_int = 0
    let program = key.source.withCString { text -> cl_program? in
      var pointer: UnsafePointer<CChar>? = text
      return queue.functions.clCreateProgramWithSource(queue.context, 1, &pointer, nil, &status)
    }
    guard let program, status == CL_SUCCESS else {
      throw DeviceError("\(file).cl is not accepted: \(OpenCL.name(of: status))", device: queue.name)
    }
    let built = build(program, options)
    guard built == CL_SUCCESS else {
      let log = readText {
        queue.functions.clGetProgramBuildInfo(
          program, queue.hardware.device, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
      }
      _ = queue.functions.clReleaseProgram(program)
      throw DeviceError(
        "\(file).cl with \(options) does not build: \(OpenCL.name(of: built))\n\(log)", device: queue.name)
    }
    cache.save(program, source: key.source, options: options)
    programs[key] = program
    return program
  }

  private func build(_ program: cl_program, _ options: String) -> cl_int {
    var device: cl_device_id? = queue.hardware.device
    return queue.functions.clBuildProgram(program, 1, &device, options, nil, nil)
  }
}
