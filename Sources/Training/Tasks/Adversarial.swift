import MartletData
import MartletLayers

/// A generator and a discriminator against each other (Goodfellow et al. 2014, *Generative adversarial nets*), with the
/// loss that does not fade for the generator: it wants its pictures taken for real. Both step at once, from the same
/// generated pictures.
///
/// The loss is the discriminator's, the mean over real and generated pictures; the measures are the share of pictures
/// that it tells right, and the generator's loss.
public struct Adversarial: TrainingTask {
  public init() {}

  public var supervision: Supervision { .nothing }

  public func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  {
    let network = try network(model)
    let images = try Tensor(batch.images)
    let (measured, ofDiscriminator, ofGenerator) = try compute(phase: .training) {
      let losses = losses(network, images)
      let (_, ofDiscriminator) = try valueWithGradients(of: network.discriminator) { losses.discriminator }
      let (_, ofGenerator) = try valueWithGradients(of: network.generator) { losses.generator }
      return (losses.all, ofDiscriminator, ofGenerator)
    }
    for loss in [measured[0], measured[2]] { _ = try loss.finiteLoss() }
    try optimizer.update(model, along: Gradients(ofDiscriminator.entries + ofGenerator.entries))
    return try result(measured, batch.count)
  }

  public func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult {
    let network = try network(model)
    let images = try Tensor(batch.images)
    return try result(try compute(phase: .inference) { losses(network, images).all }, batch.count)
  }

  func network(_ model: any Layer) throws -> AdversarialNetwork {
    guard let network = model as? AdversarialNetwork else {
      throw ShapeError("adversarial training is for an AdversarialNetwork; received \(type(of: model))")
    }
    return network
  }

  private struct Losses {
    let discriminator: Tensor
    let generator: Tensor
    /// The share of the pictures that are told right.
    let accuracy: Tensor
    var all: [Tensor] { [discriminator, accuracy, generator] }
  }

  private func losses(_ network: AdversarialNetwork, _ images: Tensor) -> Losses {
    // The generator's last activation is tanh, so pictures go from -1 to 1.
    let real = network.discriminator(Classification.input(images) * 2 - 1)
    let generated = network.discriminator(network.generator(network.noise(images.shape[0])))
    let (ones, zeros) = (Tensor.ones(real.shape), Tensor.zeros(real.shape))
    let taken = sigmoidCrossEntropy(logits: real, labels: ones)
    let refused = sigmoidCrossEntropy(logits: generated, labels: zeros)
    let told = (real > 0).cast(to: .float32).mean() + (generated < 0).cast(to: .float32).mean()
    return Losses(
      discriminator: (taken + refused) * 0.5,
      generator: sigmoidCrossEntropy(logits: generated, labels: ones), accuracy: told * 0.5)
  }

  private func result(_ measured: [Tensor], _ count: Int) throws -> BatchResult {
    let sums = try measured.map { Double(try $0.item()) * Double(count) }
    return BatchResult(
      lossSum: sums[0], count: count,
      measures: zip(["accuracy", "generator loss"], sums[1...]).map {
        Measure($0, sums: [$1, Double(count)])
      })
  }
}
