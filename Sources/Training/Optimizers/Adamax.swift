#if canImport(Glibc)
  import Glibc
#endif

/// Adamax (Kingma, Ba 2015, *Adam: a method for stochastic optimization*, section 7.1): Adam with the largest fading
/// gradient in the place of the root mean square.
public final class Adamax: Optimizer {
  public let base: OptimizerBase
  public let beta1: Float
  public let beta2: Float
  public let epsilon: Float
  public var moments: [Moment] { [Moment("moment1"), Moment("norm")] }

  public init(
    learningRate: any LearningRateSchedule = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-7, weightDecay: Float = 0, clipping: Clipping = .none, accumulate: Int = 1
  ) {
    base = OptimizerBase(
      learningRate: learningRate, weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  public func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
    let corrected = Float(Double(rate) / (1 - pow(Double(beta1), Double(number))))
    let moment1 = (1 - beta1) * g + beta1 * moments[0]
    let norm = (beta2 * moments[1]).maximum(g.magnitude())
    return [-corrected * (moment1 / (norm + epsilon)) + p, moment1, norm]
  }
}
