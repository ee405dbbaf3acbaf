import COpenCL
import MartletCore

/// The OpenCL functions of this machine, looked for once.
enum OpenCL {
  private struct Loaded: @unchecked Sendable {
    var table: OpenCLFunctions?
    var reason = ""
  }
  private static let loaded: Loaded = {
    let table = UnsafeMutablePointer<OpenCLFunctions>.allocate(capacity: 1)
    defer { table.deallocate() }
    var reason: UnsafePointer<CChar>?
    if openclLoad(table, &reason) { return Loaded(table: table.pointee) }
    return Loaded(reason: reason.map { String(cString: $0) } ?? "no OpenCL library was found")
  }()

  /// Why there is no OpenCL here; nil where there is.
  static var absence: String? { loaded.table == nil ? loaded.reason : nil }

  /// Only where `absence` is nil.
  static var functions: OpenCLFunctions {
    guard let table = loaded.table else { preconditionFailure("OpenCL is not there: \(loaded.reason)") }
    return table
  }

  /// - Throws: `DeviceError` with the name of the status where it is not success.
  static func check(_ status: cl_int, _ what: @autoclosure () -> String, device: String) throws {
    if status != CL_SUCCESS { throw DeviceError("\(what()) failed: \(name(of: status))", device: device) }
  }

  /// The names of what usually goes wrong.
  static func name(of status: cl_int) -> String {
    switch status {
    case CL_DEVICE_NOT_AVAILABLE: "the device is not available"
    case CL_COMPILER_NOT_AVAILABLE: "there is no compiler"
    case CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY:
      "no memory (\(status))"
    case CL_BUILD_PROGRAM_FAILURE: "the program does not compile"
    case CL_INVALID_BINARY: "the binary is not valid"
    case CL_INVALID_BUFFER_SIZE: "the buffer is larger than the device allows"
    default: "OpenCL status \(status)"
    }
  }

  /// The platforms, none where a loader is there but no driver.
  static func platforms() -> [cl_platform_id] {
    guard absence == nil else { return [] }
    var count: cl_uint = 0
    guard functions.clGetPlatformIDs(0, nil, &count) == CL_SUCCESS, count > 0 else { return [] }
    var found = [cl_platform_id?](repeating: nil, count: Int(count))
    guard functions.clGetPlatformIDs(count, &found, nil) == CL_SUCCESS else { return [] }
    return found.compactMap { $0 }
  }

  static func devices(of platform: cl_platform_id) -> [cl_device_id] {
    let all = cl_device_type(0xFFFF_FFFF)
    var count: cl_uint = 0
    guard functions.clGetDeviceIDs(platform, all, 0, nil, &count) == CL_SUCCESS, count > 0 else { return [] }
    var found = [cl_device_id?](repeating: nil, count: Int(count))
    guard functions.clGetDeviceIDs(platform, all, count, &found, nil) == CL_SUCCESS else { return [] }
    return found.compactMap { $0 }
  }
}
