/// Adagrad (Duchi, Hazan, Singer 2011, *Adaptive subgradient methods for online learning and stochastic
/// optimization*): steps shrink with the root of the sum of squared gradients.
public final class Adagrad: Optimizer {
  public let base: OptimizerBase
  public let initialAccumulatorValue: Float
  public let epsilon: Float
  public var moments: [Moment] { [Moment("accumulator", initialValue: initialAccumulatorValue)] }

  public init(
    learningRate: any LearningRateSchedule = 1e-3, initialAccumulatorValue: Float = 0.1,
    epsilon: Float = 1e-7, weightDecay: Float = 0, clipping: Clipping = .none, accumulate: Int = 1
  ) {
    precondition(
      initialAccumulatorValue >= 0,
      "the accumulator begins at 0 or above; received \(initialAccumulatorValue)")
    base = OptimizerBase(
      learningRate: learningRate, weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
    self.initialAccumulatorValue = initialAccumulatorValue
    self.epsilon = epsilon
  }

  public func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
    let sum = moments[0] + g.squared()
    return [-rate * (g / (sum + epsilon).squareRoot()) + p, sum]
  }
}
