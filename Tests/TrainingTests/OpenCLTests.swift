import MartletTestSupport
import Testing

/// The networks of the catalog train on OpenCL as they do on the CPU.
@Suite(.enabled(if: Devices.absenceOfOpenCL == nil, "there is no OpenCL here"), .serialized)
struct OpenCLTests {
  /// Steps so short that rounding does not decide where they lead. With longer ones the losses of these networks differ
  /// as much between the CPU's own instruction sets: after 20 steps of 1e-4 on ResNet-50, by a tenth.
  private static let rates: [String: Float] = [
    "alexnet": 1e-3, "unet": 1e-2, "fcn32s": 1e-4, "fcn16s": 1e-4, "fcn8s": 1e-4, "deconvnet": 1e-3,
    "resnet20": 1e-4, "resnet18": 1e-5, "resnet50": 1e-7,
  ]

  /// The losses of a network's first twenty steps, on eight drawn pictures each, of at most 96x96.
  private func losses(of network: String, on device: String) throws -> [Double] {
    let entry = try Catalog.entry(network)
    let side = min(entry.input[0], 96)
    let input = Shape([side, side, entry.input[2]])
    let data = try DataSource.shapes.load(.train, size: input, supervision: entry.task.supervision)
    return try withContext(device: Devices.named(device, threads: 2), seed: 3) {
      let model = try entry.build(entry.task.outputs(classes: data.classNames.count), input)
      try model.build(input: input)
      let optimizer: any Optimizer =
        Self.rates[network].map { SGD(learningRate: $0) } ?? Adam(learningRate: 1e-3)
      return try data.batches(of: 8).prefix(20).map {
        try entry.task.train(model, on: $0, with: optimizer).loss
      }
    }
  }

  @Test(arguments: Catalog.names)
  func lossesAreThoseOfTheCPU(network: String) throws {
    let expected = try losses(of: network, on: "cpu")
    let actual = try losses(of: network, on: "opencl")
    for (a, b) in zip(actual, expected) {
      #expect(abs(a - b) <= 1e-4 * max(1, abs(b)), "\(a) instead of \(b)")
    }
  }

  @Test func sameBitsAgain() throws {
    #expect(try losses(of: "basic-cnn", on: "opencl") == losses(of: "basic-cnn", on: "opencl"))
  }
}
