import MartletTestSupport
import Testing

/// The same training on OpenCL and on the CPU.
@Suite(.enabled(if: Devices.absenceOfOpenCL == nil, "there is no OpenCL here"))
struct OpenCLTests {
  private func losses(on name: String) throws -> [Float] {
    let data = Shapes.dataset(count: 40, height: 14, width: 14, channels: 1, seed: 4)
    return try withContext(device: Devices.named(name, threads: 2), phase: .training, seed: 3) {
      let model = Sequential {
        Conv2D(8, kernelSize: 3, padding: .same, useBias: false)
        BatchNormalization()
        Activation(.relu)
        MaxPool2D(2)
        DepthwiseConv2D(kernelSize: 3, padding: .same)
        Conv2D(12, kernelSize: 3, strides: 2, activation: .relu)
        Dropout(0.2)
        GlobalAveragePooling2D()
        Dense(10)
      }
      try model.build(input: [14, 14, 1])
      let adam = Adam(learningRate: 0.01)
      let (images, labels) = (try Tensor(data.images), try Tensor(data.labels))
      return try (0..<20).map { _ in
        let loss = try adam.minimize(model) {
          softmaxCrossEntropy(logits: model(images.cast(to: .float32) / 255), labels: labels)
        }
        return try loss.item()
      }
    }
  }

  /// The first twenty losses are the CPU's to a ten-thousandth, and a second run has the same bits.
  @Test func lossesAreThoseOfTheCPU() throws {
    let expected = try losses(on: "cpu")
    let actual = try losses(on: "opencl")
    for (a, b) in zip(actual, expected) { #expect(abs(a - b) <= 1e-4 * abs(b), "\(a) instead of \(b)") }
    #expect(actual.last! < actual[0])
    #expect(try losses(on: "opencl").map(\.bitPattern) == actual.map(\.bitPattern))
  }
}
