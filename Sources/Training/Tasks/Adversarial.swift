import MartletData
import MartletLayers

/// A generator and a discriminator against each other (Goodfellow et al. 2014, *Generative adversarial nets*). Both step
/// at once, from the same generated pictures, which never leave the device.
///
/// The loss is the discriminator's, which says nothing of the pictures. After `prepared(with:)` they are measured too: by
/// the Fréchet distance between the features of real and of generated ones, which is 0 where they look alike; see
/// `PictureJudge`. That epoch is the best whose distance is the least.
public struct Adversarial: TrainingTask {
  /// What the two networks want.
  public enum Objective: Sendable, Equatable {
    /// The discriminator tells real pictures from generated ones, by the mean cross-entropy over both; the generator wants
    /// its own taken for real, the loss that does not fade.
    case crossEntropy
    /// The discriminator, a critic here, gives real pictures higher numbers than generated ones, and is held to a slope of
    /// 1 between them by a penalty on its gradient; the generator steps with every so many steps of the critic (Gulrajani,
    /// Ahmed, Arjovsky, Dumoulin, Courville 2017, *Improved training of Wasserstein GANs*).
    case wasserstein(penalty: Float = 10, criticSteps: Int = 5)

    func trainsGenerator(after steps: Int) -> Bool {
      switch self {
      case .crossEntropy: true
      case .wasserstein(_, let criticSteps): (steps + 1).isMultiple(of: criticSteps)
      }
    }
  }

  public let objective: Objective
  private let lateJudge: LatePictureJudge?

  public init(_ objective: Objective = .crossEntropy) { self.init(objective, nil) }

  private init(_ objective: Objective, _ lateJudge: LatePictureJudge?) {
    self.objective = objective
    self.lateJudge = lateJudge
  }

  public var supervision: Supervision { .nothing }

  public func prepared(with data: @autoclosure () throws -> Dataset) throws -> any TrainingTask {
    Adversarial(objective, LatePictureJudge(learningFrom: try data()))
  }

  public var monitor: Monitor { lateJudge == nil ? .validationLoss : .validation(Self.distanceName) }

  public func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  {
    let network = try network(model)
    let images = try Tensor(batch.images)
    let trainsGenerator = objective.trainsGenerator(after: optimizer.steps)
    let (measured, ofDiscriminator, ofGenerator) = try compute(phase: .training) {
      let losses = try losses(network, Self.input(images))
      let (_, ofDiscriminator) = try valueWithGradients(of: network.discriminator) { losses.discriminator }
      guard trainsGenerator else { return (losses.all, ofDiscriminator, Gradients([])) }
      let (_, ofGenerator) = try valueWithGradients(of: network.generator) { losses.generator }
      return (losses.all, ofDiscriminator, ofGenerator)
    }
    for loss in [measured.first!, measured.last!] { _ = try loss.finiteLoss() }
    try optimizer.update(model, along: Gradients(ofDiscriminator.entries + ofGenerator.entries))
    return try result(measured, batch.count)
  }

  public func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult {
    let network = try network(model)
    let images = try Tensor(batch.images)
    let judge = try lateJudge?.judge()
    let (measured, sums) = try compute(phase: .inference) {
      let real = Self.input(images)
      let losses = try losses(network, real)
      let clouds = judge.map { judge in
        [real, losses.pictures].map { judge.sums(of: $0 * 0.5 + 0.5) }
      }
      return (losses.all, clouds ?? [])
    }
    var result = try result(measured, batch.count)
    if !sums.isEmpty {
      result.measures.append(
        Measure(
          Self.distanceName, .frechetDistance,
          sums: try sums.flatMap { try $0.elements(as: Float.self).map(Double.init) }))
    }
    return result
  }

  /// What the Fréchet distance is called among the measures.
  public static let distanceName = "frechet distance"

  /// The generator's last activation is tanh, so pictures go from -1 to 1.
  private static func input(_ images: Tensor) -> Tensor { Classification.input(images) * 2 - 1 }

  package func network(_ model: any Layer) throws -> AdversarialNetwork {
    guard let network = model as? AdversarialNetwork else {
      throw ShapeError("adversarial training is for an AdversarialNetwork; received \(type(of: model))")
    }
    return network
  }

  private struct Losses {
    let pictures: Tensor
    let discriminator: Tensor
    let generator: Tensor
    /// What else there is to know.
    let measures: [Tensor]
    var all: [Tensor] { [discriminator] + measures + [generator] }
  }

  private var measureNames: [String] {
    switch objective {
    case .crossEntropy: ["accuracy", "generator loss"]
    case .wasserstein: ["distance", "gradient penalty", "generator loss"]
    }
  }

  private func losses(_ network: AdversarialNetwork, _ real: Tensor) throws -> Losses {
    let ofReal = network.discriminator(real)
    let pictures = network.generator(network.noise(real.shape[0]))
    let ofPictures = network.discriminator(pictures)
    switch objective {
    case .crossEntropy:
      let (ones, zeros) = (Tensor.ones(ofReal.shape), Tensor.zeros(ofReal.shape))
      let taken = sigmoidCrossEntropy(logits: ofReal, labels: ones)
      let refused = sigmoidCrossEntropy(logits: ofPictures, labels: zeros)
      // The share of the pictures that are told right.
      let told = (ofReal > 0).cast(to: .float32).mean() + (ofPictures < 0).cast(to: .float32).mean()
      return Losses(
        pictures: pictures, discriminator: (taken + refused) * 0.5,
        generator: sigmoidCrossEntropy(logits: ofPictures, labels: ones), measures: [told * 0.5])
    case .wasserstein(let weight, _):
      let distance = ofReal.mean() - ofPictures.mean()
      let penalty = try Self.gradientPenalty(network.discriminator, real, pictures)
      return Losses(
        pictures: pictures, discriminator: penalty * weight - distance, generator: -ofPictures.mean(),
        measures: [distance, penalty])
    }
  }

  /// How far the slope of a critic is from 1, squared, at places drawn between real and generated pictures, in the mean.
  static func gradientPenalty(_ critic: any Layer, _ real: Tensor, _ generated: Tensor) throws -> Tensor {
    let share = Tensor.randomUniform(Shape([real.shape[0]] + real.shape.sizes.dropFirst().map { _ in 1 }))
    let (_, slopes) = try valueWithGradient(at: generated + (real - generated) * share) { critic($0).sum() }
    let squares = slopes.squared().reshaped(slopes.shape[0], -1).sum(axes: 1)
    // At a slope of 0 the root has no derivative.
    return ((squares + 1e-12).squareRoot() - 1).squared().mean()
  }

  private func result(_ measured: [Tensor], _ count: Int) throws -> BatchResult {
    let sums = try measured.map { Double(try $0.item()) * Double(count) }
    return BatchResult(
      lossSum: sums[0], count: count,
      measures: zip(measureNames, sums[1...]).map { Measure($0, sums: [$1, Double(count)]) })
  }
}

extension Adversarial {
  /// What the generator makes of noise (N, latent size): uint8, (N, H, W, C).
  public func samples(_ model: any Layer, of noise: Tensor) throws -> HostArray {
    let network = try network(model)
    return try compute(phase: .inference) {
      // Casting cuts off what is behind the point, and what lies outside of a byte.
      (network.generator(noise) * 127.5 + 128).cast(to: .uint8)
    }.hostArray()
  }
}
