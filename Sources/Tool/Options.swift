import ArgumentParser
import Martlet
import MartletCPU

/// Where a command computes.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where to compute: auto (a GPU if there is one), cpu, opencl, opencl:1.", valueName: "name"),
    completion: .list(["auto", "cpu", "opencl"]))
  var device = "auto"

  @Flag(name: .customLong("require-gpu"), help: "Fail where the device is no GPU.")
  var requiresGPU = false

  @Option(help: ArgumentHelp("Threads of the CPU (default: all processors).", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "How the CPU runs convolutions: direct is the most accurate, winograd2 and winograd4 are faster for most 3x3 "
        + "and 5x5 kernels, tuned is what `martlet tune` measured (default: auto, for each size what should be the "
        + "fastest).",
      valueName: "choice"))
  var convolution: ConvolutionChoice?

  /// Runs a closure with the device in the context.
  func run<R>(seed: UInt64? = nil, _ body: (any Device) throws -> R) throws -> R {
    let device = try Devices.named(
      device == "auto" ? Self.environmentDevice : device, threads: threads, convolution: convolution)
    guard !requiresGPU || Devices.isGPU(device) else {
      throw ToolError(
        "--require-gpu: \(device.name) is no GPU"
          + (Devices.absenceOfOpenCL.map { "; there is no OpenCL: \($0)" } ?? ""))
    }
    return try withContext(device: device, seed: seed) { try body(device) }
  }

  /// Runs a closure with the device that the environment names.
  static func environment<R>(_ body: () throws -> R) throws -> R {
    try withContext(device: Devices.named(environmentDevice)) { try body() }
  }

  private static var environmentDevice: String { environmentVariable("MARTLET_DEVICE") ?? "auto" }
}

extension ConvolutionChoice: ExpressibleByArgument {}

/// Height, width and channels as in `28x28x1`.
func parseSize(_ text: String) throws -> Shape {
  let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
  guard parts.count == 3, parts.allSatisfy({ $0 != nil && $0! > 0 && $0! <= 1 << 16 }) else {
    throw ToolError(
      "an input is written HEIGHTxWIDTHxCHANNELS, as in 28x28x1, each 1 to 65536; received \(text)")
  }
  let size = Shape(parts.map { $0! })
  guard size.count <= RunConfiguration.largestInput else {
    throw ToolError("an input has at most \(RunConfiguration.largestInput) values; \(text) are \(size.count)")
  }
  return size
}

/// Throws for a number of classes that no network here can have.
func checkClasses(_ classes: Int) throws {
  guard classes >= 1 else { throw ToolError("--classes must be at least 1; received \(classes)") }
  guard classes <= Dataset.mostClasses else {
    throw ToolError("--classes must be at most \(Dataset.mostClasses); received \(classes)")
  }
}

/// Something that was asked for and cannot be done.
struct ToolError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
