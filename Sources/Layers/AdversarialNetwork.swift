/// Two networks that train against each other: a generator makes pictures of noise, a discriminator tells them from real
/// ones (Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio 2014, *Generative adversarial
/// nets*).
public final class AdversarialNetwork: Layer {
  /// (N, latentSize) to pictures.
  public let generator: any Layer
  /// Pictures to logits (N, 1), positive where they are taken for real.
  public let discriminator: any Layer
  public let latentSize: Int

  public init(generator: any Layer, discriminator: any Layer, latentSize: Int) {
    self.generator = generator
    self.discriminator = discriminator
    self.latentSize = latentSize
  }

  /// The discriminator's logits for N pictures, and after them those for N that the generator makes: (2N, 1).
  public func forward(_ x: Tensor) -> Tensor {
    Tensor.concatenated([discriminator(x), discriminator(generator(noise(x.shape[0])))], axis: 0)
  }

  /// What the generator starts from: normal numbers (N, latentSize).
  public func noise(_ count: Int) -> Tensor { .randomNormal([count, latentSize]) }

  /// Noise on the way from each row of one noise to that of another in a number of steps, both ends among them: (N * steps,
  /// latentSize), as widely spread everywhere as at the ends.
  public func noise(from start: Tensor, to end: Tensor, steps: Int) -> Tensor {
    precondition(steps > 1, "a way has two ends or more; received \(steps) steps")
    let shares = Tensor((0..<steps).map { Float($0) / Float(steps - 1) }).reshaped(1, steps, 1)
    let rest = 1 - shares
    let ways = start.expandedDims(at: 1) * rest + end.expandedDims(at: 1) * shares
    return (ways / (shares.squared() + rest.squared()).squareRoot()).reshaped(-1, latentSize)
  }

  public var description: String {
    """
    AdversarialNetwork(
      generator: \(generator.description.indented),
      discriminator: \(discriminator.description.indented),
      latentSize: \(latentSize))
    """
  }
}
