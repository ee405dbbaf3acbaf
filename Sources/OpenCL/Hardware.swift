import COpenCL
import MartletCore

/// A device that a driver offers, and what it says about itself.
public struct Hardware: @unchecked Sendable {
  let platform: cl_platform_id
  let device: cl_device_id
  /// Its place among all devices of the machine: `opencl:0`.
  public let index: Int
  public let name: String
  public let platformName: String
  public let driver: String
  public let isGPU: Bool
  /// Whether groups have memory of their own, near the processor.
  public let hasLocalMemory: Bool
  /// Bytes of the device's memory, and of the largest buffer that it promises.
  public let memory: Int
  public let largestBuffer: Int
  public let computeUnits: Int
  /// Numbers of a vector that the device computes with at once: 1, 4, 8 or 16.
  let nativeVector: Int
  let dividesExactly: Bool

  /// All devices of all drivers, GPUs first. Empty where there is no OpenCL; `absence` says why.
  public static let all: [Hardware] = {
    let found = OpenCL.platforms().flatMap { platform in
      OpenCL.devices(of: platform).map { (platform, $0) }
    }
    let gpu = cl_device_type(CL_DEVICE_TYPE_GPU)
    func isGPU(_ device: cl_device_id) -> Bool {
      number(device, CL_DEVICE_TYPE, cl_device_type(0)) & gpu != 0
    }
    let sorted = found.filter { isGPU($0.1) } + found.filter { !isGPU($0.1) }
    return sorted.enumerated().map { Hardware(platform: $1.0, device: $1.1, index: $0, isGPU: isGPU($1.1)) }
  }()

  /// Why there are no devices; nil where there are some.
  public static var absence: String? {
    if let reason = OpenCL.absence { return reason }
    return all.isEmpty ? "the OpenCL loader finds no driver with a device" : nil
  }

  private init(platform: cl_platform_id, device: cl_device_id, index: Int, isGPU: Bool) {
    self.platform = platform
    self.device = device
    self.index = index
    self.isGPU = isGPU
    name = Self.text(device, CL_DEVICE_NAME)
    driver = Self.text(device, CL_DRIVER_VERSION)
    platformName = Self.platformText(platform)
    hasLocalMemory =
      Self.number(device, CL_DEVICE_LOCAL_MEM_TYPE, cl_uint(0)) == cl_uint(CL_LOCAL)
    memory = Int(clamping: Self.number(device, CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong(0)))
    largestBuffer = Int(clamping: Self.number(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong(0)))
    computeUnits = Int(Self.number(device, CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint(0)))
    let native = Self.number(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint(1))
    nativeVector = [16, 8, 4].first { $0 <= native } ?? 1
    let exact = cl_device_fp_config(CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)
    dividesExactly = Self.number(device, CL_DEVICE_SINGLE_FP_CONFIG, cl_device_fp_config(0)) & exact != 0
  }

  /// One line for people.
  public var summary: String {
    "\(name), \(platformName), driver \(driver), \(isGPU ? "GPU" : "CPU"), \(computeUnits) units, "
      + "\(memory >> 20) MiB"
  }

  private static func number<T: FixedWidthInteger & BitwiseCopyable>(
    _ device: cl_device_id, _ key: Int32, _ absent: T
  ) -> T {
    var value = absent
    let size = MemoryLayout<T>.size
    let status = OpenCL.functions.clGetDeviceInfo(device, cl_device_info(key), size, &value, nil)
    return status == CL_SUCCESS ? value : absent
  }

  private static func text(_ device: cl_device_id, _ key: Int32) -> String {
    readText { OpenCL.functions.clGetDeviceInfo(device, cl_device_info(key), $0, $1, $2) }
  }

  private static func platformText(_ platform: cl_platform_id) -> String {
    readText {
      OpenCL.functions.clGetPlatformInfo(platform, cl_platform_info(CL_PLATFORM_NAME), $0, $1, $2)
    }
  }
}

/// The text that an information function gives: asked once for its length, once for the bytes.
func readText(
  _ ask: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int
) -> String {
  var length = 0
  guard ask(0, nil, &length) == CL_SUCCESS, length > 0 else { return "" }
  var bytes = [UInt8](repeating: 0, count: length)
  guard bytes.withUnsafeMutableBytes({ ask(length, $0.baseAddress, nil) }) == CL_SUCCESS else { return "" }
  let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  let isSpace = { (character: Character) in character.isWhitespace }
  return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
}
