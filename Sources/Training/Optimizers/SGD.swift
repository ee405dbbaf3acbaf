/// Stochastic gradient descent, with Keras's momentum: v = momentum * v - rate * g, then p + v, or with Nesterov's
/// look-ahead p + momentum * v - rate * g (Sutskever, Martens, Dahl, Hinton 2013, *On the importance of initialization
/// and momentum in deep learning*).
public final class SGD: Optimizer {
  public let base: OptimizerBase
  public let momentum: Float
  public let nesterov: Bool
  public var moments: [Moment] { momentum == 0 ? [] : [Moment("velocity")] }

  public init(
    learningRate: any LearningRateSchedule = 0.01, momentum: Float = 0, nesterov: Bool = false,
    weightDecay: Float = 0, clipping: Clipping = .none, accumulate: Int = 1
  ) {
    precondition(momentum >= 0 && momentum < 1, "momentum is in 0 ..< 1; received \(momentum)")
    base = OptimizerBase(
      learningRate: learningRate, weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
    self.momentum = momentum
    self.nesterov = nesterov
  }

  public func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
    guard let velocity = moments.first else { return [p + -rate * g] }
    let next = -rate * g + momentum * velocity
    return [nesterov ? -rate * g + (momentum * next + p) : p + next, next]
  }
}
