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

  public var description: String {
    """
    AdversarialNetwork(
      generator: \(generator.description.indented),
      discriminator: \(discriminator.description.indented),
      latentSize: \(latentSize))
    """
  }
}
