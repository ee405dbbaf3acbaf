import MartletLayers

/// Stochastic gradient descent, with Keras's momentum: v = momentum * v - rate * g, then p + v, or with Nesterov's
/// look-ahead p + momentum * v - rate * g (Sutskever, Martens, Dahl, Hinton 2013, *On the importance of initialization
/// and momentum in deep learning*).
public final class SGD: Optimizer {
  public var learningRate: Float
  public let momentum: Float
  public let nesterov: Bool
  public private(set) var steps = 0
  private let moments = Moments()

  public init(learningRate: Float = 0.01, momentum: Float = 0, nesterov: Bool = false) {
    precondition(momentum >= 0 && momentum < 1, "momentum is in 0 ..< 1; received \(momentum)")
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
  }

  public func update(_ model: any Layer, along gradients: Gradients) throws {
    steps += 1
    let rule = momentum == 0 ? Self.plain : nesterov ? Self.nesterov : Self.heavyBall
    try moments.apply(
      rule, along: gradients, numbers: momentum == 0 ? [-learningRate] : [-learningRate, momentum])
  }

  public func state() throws -> [String: HostArray] { try moments.state(steps: steps) }

  public func restore(_ state: [String: HostArray], for model: any Layer) throws {
    steps = try moments.restore(state, for: model, count: momentum == 0 ? 0 : 1)
  }

  /// 0 p, 1 g, 2 -rate.
  private static let plain = UpdateRule(
    program: ElementwiseProgram(
      inputCount: 3, instructions: [.init(.multiplyAdd, 1, 2, 0)], results: [3]), moments: 0)

  /// 0 p, 1 g, 2 v, 3 -rate, 4 momentum.
  private static let heavyBall = UpdateRule(
    program: ElementwiseProgram(
      inputCount: 5,
      instructions: [.init(.multiply, 2, 4), .init(.multiplyAdd, 1, 3, 5), .init(.add, 0, 6)],
      results: [7, 6]),
    moments: 1)

  private static let nesterov = UpdateRule(
    program: ElementwiseProgram(
      inputCount: 5,
      instructions: [
        .init(.multiply, 2, 4), .init(.multiplyAdd, 1, 3, 5),
        .init(.multiplyAdd, 6, 4, 0), .init(.multiplyAdd, 1, 3, 7),
      ], results: [8, 6]), moments: 1)
}
