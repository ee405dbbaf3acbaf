import MartletCore
import MartletDefinitions
import MartletOpenCL
import Testing

/// Trials of trials: a kernel that is spoiled on purpose must not pass them.
@Suite(.enabled(if: Hardware.absence == nil, "there is no OpenCL here"))
struct BrokenKernelTests {
  /// The trials that launch a kernel, and the tiles with which they do, for each kernel: CPUs and GPUs have some that the
  /// others do not need.
  private static let launching: [String: (tiles: TileShape, trials: [Trial])] = {
    var result: [String: (tiles: TileShape, trials: [Trial])] = [:]
    for tiles in TileShape.all.sorted(by: { $0.name < $1.name }) {
      guard let device = try? OpenCLDevice(Hardware.all[0], shape: tiles) else { return [:] }
      let known = Set(result.keys)
      for trial in Trial.small where tiles == .cpu || OpenCLDevice.hasTiles(trial.primitive) {
        _ = try? trial.results(on: device)
        for kernel in device.takeLaunchedKernels().subtracting(known) {
          result[kernel, default: (tiles, [])].trials.append(trial)
        }
      }
    }
    return result
  }()

  @Test(arguments: OpenCLDevice.kernelNames)
  func isFound(_ kernel: String) throws {
    let (tiles, trials) = try #require(Self.launching[kernel], "no trial runs it")
    let device = try OpenCLDevice(Hardware.all[0], shape: tiles, broken: kernel)
    let isFound = try trials.contains { trial in
      try trial.examine(device, expected: trial.expected).complaint != nil
    }
    #expect(isFound)
  }
}
