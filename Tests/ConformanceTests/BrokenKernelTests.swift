import MartletCore
import MartletDefinitions
import MartletOpenCL
import Testing

/// Trials of trials: a kernel that is spoiled on purpose must not pass them.
@Suite(.enabled(if: Hardware.absence == nil, "there is no OpenCL here"))
struct BrokenKernelTests {
  /// The trials that launch a kernel, for each kernel.
  private static let launching: [String: [Trial]] = {
    guard let device = try? device() else { return [:] }
    var result: [String: [Trial]] = [:]
    for trial in Trial.small {
      _ = try? trial.results(on: device)
      for kernel in device.takeLaunchedKernels() { result[kernel, default: []].append(trial) }
    }
    return result
  }()

  /// With the tiles of CPUs, which need a kernel more.
  private static func device(broken: String? = nil) throws -> OpenCLDevice {
    try OpenCLDevice(Hardware.all[0], shape: .cpu, broken: broken)
  }

  @Test(arguments: OpenCLDevice.kernelNames)
  func isFound(_ kernel: String) throws {
    let trials = try #require(Self.launching[kernel], "no trial runs it")
    let device = try Self.device(broken: kernel)
    let isFound = try trials.contains { trial in
      try trial.examine(device, expected: trial.expected).complaint != nil
    }
    #expect(isFound)
  }
}
