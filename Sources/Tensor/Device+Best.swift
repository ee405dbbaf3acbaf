import MartletCPU
import MartletOpenCL

#if canImport(Glibc)
  import Glibc
#endif

/// The devices of this machine.
public enum Devices {
  /// The device of an unchanged context: what `MARTLET_DEVICE` names, else the best there is.
  public static let best: any Device = {
    do {
      return try named(getenv("MARTLET_DEVICE").map { String(cString: $0) } ?? "auto")
    } catch {
      fatalError("\(error)")
    }
  }()

  /// All devices, the best first: GPUs, the CPU, and OpenCL on the CPU, which is there to be tested.
  public static func all() throws -> [any Device] {
    try Hardware.all.filter(\.isGPU).map { try openCL($0, before: cpu()) } + [cpu()]
      + Hardware.all.filter { !$0.isGPU }.map { try openCL($0, before: cpu()) }
  }

  /// What `named` takes on this machine.
  public static var names: [String] { ["auto", "cpu"] + Hardware.all.map { "opencl:\($0.index)" } }

  /// Why there is no device on OpenCL; nil where there is one.
  public static var absenceOfOpenCL: String? { Hardware.absence }

  /// A device by name: `auto`, the first GPU or else the CPU; `cpu`; `opencl`, the first device on OpenCL; `opencl:1`.
  ///
  /// - Parameters:
  ///   - threads: how many threads a CPU device uses; all processors where it is not given.
  ///   - convolution: who says how the CPU's convolutions are run; see `CPUDevice`.
  /// - Throws: `DeviceError` for a name that no device has, and where OpenCL is asked for and not there.
  public static func named(
    _ name: String, threads: Int? = nil, convolution: ConvolutionChoice? = nil
  ) throws -> any Device {
    func cpu() throws -> any Device { try Self.cpu(threads: threads, convolution: convolution) }
    guard let hardware = try hardware(named: name) else { return try cpu() }
    return try openCL(hardware, before: cpu())
  }

  /// What `named` takes for a name; nil for the CPU.
  ///
  /// - Throws: as `named` does.
  public static func hardware(named name: String) throws -> Hardware? {
    switch name {
    case "auto": return Hardware.all.first(where: \.isGPU)
    case "cpu": return nil
    case "opencl":
      guard let first = Hardware.all.first else {
        throw DeviceError("\(absenceOfOpenCL ?? "no device"); use --device cpu", device: name)
      }
      return first
    default:
      guard let hardware = Hardware.all.first(where: { name == "opencl:\($0.index)" }) else {
        throw DeviceError(
          "there is no such device; this machine has: \(names.joined(separator: ", "))", device: name)
      }
      return hardware
    }
  }

  public static func isGPU(_ device: any Device) -> Bool {
    switch device {
    case let device as FallbackDevice: isGPU(device.primary)
    case let device as OpenCLDevice: device.hardware.isGPU
    default: false
    }
  }

  /// A device on the CPU with its own threads.
  public static func cpu(
    threads: Int? = nil, convolution: ConvolutionChoice? = nil
  ) throws -> any Device { try CPUDevice(threads: threads, convolution: convolution) }

  /// A device on OpenCL, with the CPU behind it for what it does not run; that is reported on standard error.
  private static func openCL(_ hardware: Hardware, before cpu: any Device) throws -> any Device {
    let device = try OpenCLDevice(hardware, quarantine: Quarantine(of: hardware))
    return FallbackDevice(device, secondary: cpu) { line in
      var text = line + "\n"
      text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
  }
}
