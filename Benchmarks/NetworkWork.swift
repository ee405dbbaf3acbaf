import Martlet

extension BenchmarkCase {
  /// The work of a network's pass: pictures and labels are on the device, and nothing is read back, as in the other
  /// frameworks' workers.
  ///
  /// - Throws: `CaseError` for what there is not; `ShapeError` for sizes that do not fit.
  func networkWork(_ pass: Pass) throws -> Work {
    guard let model, let x, x.count == 4 else { throw CaseError("a network needs model and x of four axes") }
    guard pass == .train || pass == .infer else {
      throw CaseError("\(pass.rawValue) is for layers; \(name) is a network")
    }
    let images = Tensor.randomNormal(Shape(x))
    if model == "dcgan" { return try adversarialWork(pass, images) }
    let network = try network(model)
    try network.build(input: Shape(x.dropFirst()))
    if pass == .infer {
      return Work { _ = try compute(phase: .inference) { network(images) } }
    }
    let loss = try loss(of: network, images)
    let optimizer = Adam()
    return Work {
      try optimizer.minimize(network) { loss(network(images)) }
      try Context.current.device.synchronize()
    } hash: {
      try network.weightsHash()
    }
  }

  private func network(_ model: String) throws -> any Layer {
    let classes = classes ?? 10
    switch model {
    case "seedcnn": return basicCNN(classes: classes)
    case "resnet20": return cifarResNet(classes: classes)
    case "resnet50": return resNet(.resNet50, classes: classes)
    case "unet": return UNet(classes: classes)
    case "fcn8s": return FCN(classes: classes)
    case "alexnet": return alexNet(classes: classes)
    case "inception3a": return inception3a()
    default: throw CaseError("there is no network \(model) here")
    }
  }

  /// Cross-entropy where there are classes, for every pixel where the network says so; else the mean square.
  private func loss(of network: any Layer, _ images: Tensor) throws -> (Tensor) -> Tensor {
    guard let classes else { return { $0.squared().mean() } }
    let shape = try compute(phase: .inference) { network(images) }.shape
    let places = Shape(shape.sizes.dropLast())
    let labels = Tensor((0..<places.count).map { Int32($0 * 7 % classes) }, shape: places)
    return { softmaxCrossEntropy(logits: $0, labels: labels) }
  }

  /// One step of the discriminator and one of the generator, from the same generated pictures; noise is drawn anew in
  /// each run.
  private func adversarialWork(_ pass: Pass, _ images: Tensor) throws -> Work {
    let shape = images.shape
    let network = dcgan(picture: Shape(shape.sizes.dropFirst()))
    try network.build(input: Shape(shape.sizes.dropFirst()))
    if pass == .infer {
      return Work { _ = try compute(phase: .inference) { network.generator(network.noise(shape[0])) } }
    }
    let judge = Adam(learningRate: 2e-4, beta1: 0.5)
    let painter = Adam(learningRate: 2e-4, beta1: 0.5)
    return Work {
      let (ofDiscriminator, ofGenerator) = try compute(phase: .training) {
        let real = network.discriminator(images)
        let generated = network.discriminator(network.generator(network.noise(shape[0])))
        let (ones, zeros) = (Tensor.ones(real.shape), Tensor.zeros(real.shape))
        let taken = sigmoidCrossEntropy(logits: real, labels: ones)
        let refused = sigmoidCrossEntropy(logits: generated, labels: zeros)
        let wanted = sigmoidCrossEntropy(logits: generated, labels: ones)
        return (
          try gradients(of: network.discriminator) { taken + refused },
          try gradients(of: network.generator) { wanted }
        )
      }
      try judge.update(network.discriminator, along: ofDiscriminator)
      try painter.update(network.generator, along: ofGenerator)
      try Context.current.device.synchronize()
    }
  }
}
