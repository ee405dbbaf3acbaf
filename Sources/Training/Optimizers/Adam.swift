#if canImport(Glibc)
  import Glibc
#endif

/// Adam (Kingma, Ba 2015, *Adam: a method for stochastic optimization*) in the form of its section 2, with Keras's
/// defaults: rate * √(1 - β2ᵗ) / (1 - β1ᵗ) * m / (√v + epsilon), epsilon 1e-7. (PyTorch divides √v by √(1 - β2ᵗ)
/// before it adds its epsilon of 1e-8.)
///
/// With `amsgrad` the step is divided by the largest v so far (Reddi, Kale, Kumar 2018, *On the convergence of Adam and
/// beyond*).
public class Adam: Optimizer {
  public let base: OptimizerBase
  public let beta1: Float
  public let beta2: Float
  public let epsilon: Float
  public let amsgrad: Bool
  public var moments: [Moment] {
    [Moment("moment1"), Moment("moment2")] + (amsgrad ? [Moment("largestMoment2")] : [])
  }

  public init(
    learningRate: any LearningRateSchedule = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-7, amsgrad: Bool = false, weightDecay: Float = 0, clipping: Clipping = .none,
    accumulate: Int = 1
  ) {
    base = OptimizerBase(
      learningRate: learningRate, weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.amsgrad = amsgrad
  }

  public func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
    let (t, beta1, beta2) = (Double(number), Double(beta1), Double(beta2))
    let corrected = Float(Double(rate) * (1 - pow(beta2, t)).squareRoot() / (1 - pow(beta1, t)))
    let moment1 = (1 - self.beta1) * g + self.beta1 * moments[0]
    let moment2 = (1 - self.beta2) * g.squared() + self.beta2 * moments[1]
    let largest = amsgrad ? moments[2].maximum(moment2) : moment2
    let next = -corrected * (moment1 / (largest.squareRoot() + epsilon)) + p
    return [next, moment1, moment2] + (amsgrad ? [largest] : [])
  }
}

/// Adam with decay that does not pass through the moments (Loshchilov, Hutter 2019, *Decoupled weight decay
/// regularization*): Adam whose `weightDecay` is Keras's 0.004.
public final class AdamW: Adam {
  public override init(
    learningRate: any LearningRateSchedule = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999,
    epsilon: Float = 1e-7, amsgrad: Bool = false, weightDecay: Float = 0.004, clipping: Clipping = .none,
    accumulate: Int = 1
  ) {
    super.init(
      learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad,
      weightDecay: weightDecay, clipping: clipping, accumulate: accumulate)
  }
}
