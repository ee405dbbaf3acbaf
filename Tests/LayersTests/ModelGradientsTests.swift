import MartletTestSupport
import Testing

struct ModelGradientsTests {
  @Test func everyParameterBesideFiniteDifferences() throws {
    let model = Sequential {
      Conv2D(2, kernelSize: 3, padding: .same, activation: .tanh)
      BatchNormalization()
      Conv2DTranspose(2, kernelSize: 2, strides: 2, activation: .sigmoid)
      AveragePooling2D(2)
      Flatten()
      Dense(3)
    }
    try model.build(input: [4, 4, 1])
    let x = samples([3, 4, 4, 1], seed: 1)
    let check = try checkGradients(of: model) {
      softmaxCrossEntropy(logits: model(x), labels: Tensor([0, 2, 1] as [Int32]))
    }
    #expect(check.isCorrect, "\(check)")
    #expect(check.checked == 69)
  }

  /// A layer whose derivative is wrong on purpose.
  final class Wrong: Layer {
    let scale = Parameter(.ones)
    func forward(_ x: Tensor) -> Tensor {
      let s = scale([1])
      return x * (s + s.stoppingGradient())
    }
  }

  @Test func aPlantedMistakeIsFound() throws {
    let model = Wrong()
    try model.build(input: [2])
    let check = try checkGradients(of: model) { model(Tensor([[1, 2]])).sum() }
    #expect(!check.isCorrect)
    #expect(check.place.hasPrefix("scale, element 0: gradient 3.0, finite difference 6.0"))
    let inputs = try checkGradients(at: [Tensor([1, 2])]) { $0[0] * $0[0].stoppingGradient() }
    #expect(!inputs.isCorrect)
    #expect(try checkGradients(at: [Tensor([1, 2])]) { $0[0] * $0[0] }.isCorrect)
  }

  @Test func unusedParameters() throws {
    let model = Sequential {
      Dense(2)
      Dense(3)
    }
    try model.build(input: [2])
    let first = model.layers[0]
    let x = Tensor([[1, 2]])
    let error = #expect(throws: ShapeError.self) { try valueWithGradients(of: model) { first(x).sum() } }
    #expect(
      error?.message
        == "the loss does not depend on layers.1.kernel, layers.1.bias; set isTrainable = false, or pass unused: .zero"
    )
    let (_, gradients) = try valueWithGradients(of: model, unused: .zero) { first(x).sum() }
    #expect(gradients.entries.count == 4)
    #expect(mismatch(gradients.entries[2].gradient, [0, 0, 0, 0, 0, 0], shape: [2, 3]) == nil)
    #expect(mismatch(gradients.entries[0].gradient, [1, 1, 2, 2]) == nil)
    for (_, parameter) in model.parameters.suffix(2) { parameter.isTrainable = false }
    #expect(try valueWithGradients(of: model) { first(x).sum() }.gradients.entries.count == 2)
  }

  @Test func lossesOfOneNumberOnly() {
    let model = Dense(2)
    let error = #expect(throws: ShapeError.self) {
      try valueWithGradients(of: model) { model(Tensor([[1, 2]])) }
    }
    #expect(error?.message == "gradients are taken of one number; the loss is 1x2. Take its mean() or sum()")
    let unbuilt = #expect(throws: ShapeError.self) { try valueWithGradients(of: Dense(2)) { Tensor(1) } }
    #expect(
      unbuilt?.message == "the model was not built, and the closure did not call it: call build(input:) first"
    )
  }

  @Test func furtherResultsLeave() throws {
    let model = Dense(2, kernelInitializer: .ones)
    let x = Tensor([[1, 2]])
    let ((loss, logits, names), gradients) = try valueWithGradients(of: model) {
      let y = model(x)
      return (y.sum(), y, ["twice": y * 2])
    }
    #expect(try loss.item() == 6)
    #expect(mismatch(logits, [3, 3]) == nil)
    #expect(mismatch(names["twice"]!, [6, 6]) == nil)
    #expect(mismatch(gradients[model.kernel], [1, 1, 2, 2]) == nil)
    #expect(mismatch(gradients[model.bias!], [1, 1]) == nil)
  }

  /// Two models take part; each gets gradients of its own only.
  @Test func aGANStep() throws {
    let generator = Dense(2, kernelInitializer: .ones)
    let critic = Dense(1, kernelInitializer: .constant(0.5))
    let noise = Tensor([[1], [2]])
    let real = Tensor([[3, 3], [4, 4]])
    try generator.build(input: [1])
    try critic.build(input: [2])
    let (criticLoss, criticGradients) = try valueWithGradients(of: critic) {
      critic(generator(noise)).mean() - critic(real).mean()
    }
    #expect(try criticLoss.item() == -2)
    #expect(criticGradients.entries.map(\.parameter.name) == ["kernel", "bias"])
    #expect(mismatch(criticGradients[critic.kernel], [-2, -2]) == nil)
    let generatorGradients = try gradients(of: generator) { -critic(generator(noise)).mean() }
    #expect(generatorGradients.entries.count == 2)
    #expect(mismatch(generatorGradients[generator.kernel], [-0.75, -0.75], shape: [1, 2]) == nil)
    #expect(mismatch(generatorGradients[generator.bias!], [-0.5, -0.5]) == nil)
  }

  /// The gradient penalty of Gulrajani and others 2017, *Improved training of Wasserstein GANs*: a function of the
  /// gradient at the input, differentiated by the critic's parameters.
  @Test func gradientPenalty() throws {
    let critic = Sequential {
      Conv2D(2, kernelSize: 2, strides: 2, activation: .tanh)
      Flatten()
      Dense(1)
    }
    try critic.build(input: [4, 4, 1])
    let x = samples([3, 4, 4, 1], seed: 1)
    let check = try checkGradients(of: critic) {
      let (value, slope) = try valueWithGradient(at: x) { critic($0).sum() }
      let norms = (slope.squared().sum(axes: [1, 2, 3]) + 1e-6).squareRoot()
      return value * 0.1 + ((norms - 1).squared()).mean() * 10
    }
    #expect(check.isCorrect, "\(check)")
  }

  @Test func trainingPhaseInsideGradientsOnly() throws {
    final class Asking: Layer {
      let scale = Parameter(.ones)
      func forward(_ x: Tensor) -> Tensor {
        x * scale([1]) * (Context.current.phase == .training ? 2 : 1)
      }
    }
    let model = Asking()
    try model.build(input: [1])
    #expect(mismatch(model(Tensor([[3]])), [3]) == nil)
    #expect(try valueWithGradients(of: model) { model(Tensor([[3]])).sum() }.value.item() == 6)
    #expect(mismatch(model(Tensor([[3]])), [3]) == nil)
  }

  /// A loss that holds the gradients of the same model: their squared length is differentiated again.
  @Test func gradientsOfTheModelInsideItsLoss() throws {
    let model = Sequential {
      Dense(3, activation: .tanh)
      BatchNormalization()
      Dense(1)
    }
    try model.build(input: [2])
    let x = samples([5, 2], seed: 1)
    let check = try checkGradients(of: model) {
      let (loss, gradients) = try valueWithGradients(of: model, unused: .zero) { model(x).squared().mean() }
      return gradients.entries.reduce(loss) { $0 + $1.gradient.squared().sum() * 0.1 }
    }
    #expect(check.isCorrect, "\(check)")
  }

  /// Fine-tuning: a built network gets another head.
  @Test func layersThatAreReplaced() throws {
    final class Net: Layer {
      let body = Dense(3)
      var head = Dense(2)
      func forward(_ x: Tensor) -> Tensor { head(body(x)) }
    }
    let model = Net()
    let x = Tensor([[1, 2]])
    #expect(model(x).shape == [1, 2])
    model.head = Dense(5)
    let (_, gradients) = try valueWithGradients(of: model) { model(x).sum() }
    #expect(gradients.entries.map(\.gradient.shape) == [[2, 3], [3], [3, 5], [5]])
    #expect(model.parameters.map(\.name) == ["body.kernel", "body.bias", "head.kernel", "head.bias"])
  }
}
