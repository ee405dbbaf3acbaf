import MartletLayers

#if canImport(Glibc)
  import Glibc
#endif

/// Adam (Kingma, Ba 2015, *Adam: a method for stochastic optimization*) in the form of its section 2, with Keras's
/// defaults: rate * √(1 - β2ᵗ) / (1 - β1ᵗ) * m / (√v + epsilon), epsilon 1e-7. (PyTorch divides √v by √(1 - β2ᵗ)
/// before it adds its epsilon of 1e-8.)
public final class Adam: Optimizer {
  public var learningRate: Float
  public let beta1: Float
  public let beta2: Float
  public let epsilon: Float
  public private(set) var steps = 0
  private let moments = Moments()

  public init(learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  public func update(_ model: any Layer, along gradients: Gradients) throws {
    steps += 1
    let correction =
      (1 - pow(Double(beta2), Double(steps))).squareRoot() / (1 - pow(Double(beta1), Double(steps)))
    let rate = Float(Double(learningRate) * correction)
    try moments.apply(
      Self.rule, along: gradients, numbers: [beta1, 1 - beta1, beta2, 1 - beta2, epsilon, -rate])
  }

  public func state() throws -> [String: HostArray] { try moments.state(steps: steps) }

  public func restore(_ state: [String: HostArray], for model: any Layer) throws {
    steps = try moments.restore(state, for: model, count: 2)
  }

  /// 0 p, 1 g, 2 m, 3 v, 4 β1, 5 1 - β1, 6 β2, 7 1 - β2, 8 epsilon, 9 -rate.
  private static let rule = UpdateRule(
    program: ElementwiseProgram(
      inputCount: 10,
      instructions: [
        .init(.multiply, 2, 4), .init(.multiplyAdd, 1, 5, 10),  // 11: m
        .init(.multiply, 3, 6), .init(.square, 1), .init(.multiplyAdd, 13, 7, 12),  // 14: v
        .init(.squareRoot, 14), .init(.add, 15, 8), .init(.divide, 11, 16),
        .init(.multiplyAdd, 17, 9, 0),  // 18: p
      ], results: [18, 11, 14]), moments: 2)
}
