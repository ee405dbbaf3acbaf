import MartletTestSupport
import Testing

/// Two steps of a tiny net by plain gradient descent: the whole engine in one test.
struct TinyTests {
  private func train(immediate: Bool) throws -> (losses: [Float], parameters: [HostArray]) {
    try withContext(seed: 1, immediate: immediate) {
      let model = Sequential {
        Conv2D(3, kernelSize: 3, activation: .relu)
        MaxPool2D(2)
        BatchNormalization()
        Dropout(0.2)
        Flatten()
        Dense(2)
      }
      try model.build(input: [6, 6, 1])
      let images = samples([8, 6, 6, 1], seed: 2)
      let labels = (images.mean(axes: [1, 2, 3]) > 0).cast(to: .int32)
      var losses: [Float] = []
      for _ in 0..<2 {
        let (loss, gradients) = try valueWithGradients(of: model) {
          softmaxCrossEntropy(logits: model(images), labels: labels)
        }
        losses.append(try loss.item())
        for (parameter, gradient) in gradients.entries {
          parameter.value = parameter.value - gradient * 0.1
        }
      }
      let states = try model.states.map { try $0.state($0.state.shape!).hostArray() }
      return (losses, try model.parameters.map { try $0.parameter.value.hostArray() } + states)
    }
  }

  @Test func twoSteps() throws {
    let (losses, parameters) = try train(immediate: false)
    #expect(losses.allSatisfy { $0.isFinite })
    #expect(losses[1] < losses[0])
    #expect(parameters.count == 8)
    // The same again, bit for bit, also record by record.
    for immediate in [false, true] {
      let again = try train(immediate: immediate)
      #expect(again.losses == losses)
      #expect(again.parameters == parameters)
    }
  }
}
