/// Adadelta (Zeiler 2012, *Adadelta: an adaptive learning rate method*): each step is as long as the steps before it
/// relative to the gradients before it.
public final class Adadelta: Optimizer {
  public let base: OptimizerBase
  public let rho: Float
  public let epsilon: Float
  public var moments: [Moment] { [Moment("meanSquareGradient"), Moment("meanSquareStep")] }

  public init(
    learningRate: any LearningRateSchedule = 1e-3, rho: Float = 0.95, epsilon: Float = 1e-7,
    weightDecay: Float = 0, clipping: Clipping = .none, accumulate: Int = 1
  ) {
    base = OptimizerBase(
      learningRate: learningRate, weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
    self.rho = rho
    self.epsilon = epsilon
  }

  public func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
    let gradient = (1 - rho) * g.squared() + rho * moments[0]
    let ratio = (moments[1] + epsilon).squareRoot() / (gradient + epsilon).squareRoot()
    let direction = ratio * g
    let step = (1 - rho) * direction.squared() + rho * moments[1]
    return [-rate * direction + p, gradient, step]
  }
}
