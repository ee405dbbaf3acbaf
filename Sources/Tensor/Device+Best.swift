import MartletCPU

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

  /// All devices, the best first.
  public static func all() throws -> [any Device] { [try cpu()] }

  /// A device by name: `auto`, `cpu`.
  ///
  /// - Parameters:
  ///   - threads: how many threads a CPU device uses; all processors where it is not given.
  ///   - convolution: what the CPU's convolutions run by; see `CPUDevice`.
  /// - Throws: `DeviceError` for a name that no device has.
  public static func named(
    _ name: String, threads: Int? = nil, convolution: ConvolutionAlgorithm? = nil
  ) throws -> any Device {
    switch name {
    case "auto", "cpu": return try cpu(threads: threads, convolution: convolution)
    default: throw DeviceError("there is no such device; this machine has: auto, cpu", device: name)
    }
  }

  /// A device on the CPU with its own threads.
  public static func cpu(
    threads: Int? = nil, convolution: ConvolutionAlgorithm? = nil
  ) throws -> any Device { try CPUDevice(threads: threads, convolution: convolution) }
}
