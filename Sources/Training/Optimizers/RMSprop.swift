/// RMSprop (Tieleman, Hinton 2012, *Neural networks for machine learning*, lecture 6.5), in Keras's form: the gradient
/// divided by √(v + epsilon), v being the moving mean of its squares. `centered` takes the variance instead (Graves
/// 2013, *Generating sequences with recurrent neural networks*).
public final class RMSprop: Optimizer {
  public let base: OptimizerBase
  public let rho: Float
  public let momentum: Float
  public let epsilon: Float
  public let centered: Bool
  public var moments: [Moment] {
    [Moment("meanSquare")] + (centered ? [Moment("mean")] : []) + (momentum > 0 ? [Moment("velocity")] : [])
  }

  public init(
    learningRate: any LearningRateSchedule = 1e-3, rho: Float = 0.9, momentum: Float = 0,
    epsilon: Float = 1e-7, centered: Bool = false, weightDecay: Float = 0, clipping: Clipping = .none,
    accumulate: Int = 1
  ) {
    precondition(momentum >= 0 && momentum < 1, "momentum is in 0 ..< 1; received \(momentum)")
    base = OptimizerBase(
      learningRate: learningRate, weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
    self.rho = rho
    self.momentum = momentum
    self.epsilon = epsilon
    self.centered = centered
  }

  public func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
    let meanSquare = (1 - rho) * g.squared() + rho * moments[0]
    var next = [meanSquare]
    var spread = meanSquare + epsilon
    if centered {
      let mean = (1 - rho) * g + rho * moments[1]
      next.append(mean)
      spread = (meanSquare - mean.squared()) + epsilon
    }
    let direction = g / spread.squareRoot()
    guard momentum > 0 else { return [-rate * direction + p] + next }
    let velocity = rate * direction + momentum * moments.last!
    return [p - velocity] + next + [velocity]
  }
}
