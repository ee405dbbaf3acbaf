import MartletLayers

/// A rule that moves parameters along their gradients.
///
/// An optimizer says how one element moves; what all of them share — rate, decay, clipping, accumulation, memory —
/// is in its `base`. The formula becomes one elementwise program, which runs once for each stretch of memory in which
/// parameters, gradients and moments lie one after another: for a whole model, that is once.
///
/// ```swift
/// final class SignDescent: Optimizer {
///   let base = OptimizerBase(learningRate: 1e-3)
///   let moments: [Moment] = []
///   func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
///     [p + -rate * g.sign()]
///   }
/// }
/// ```
public protocol Optimizer: AnyObject {
  /// What all optimizers share.
  var base: OptimizerBase { get }
  /// What is remembered for every element from step to step.
  var moments: [Moment] { get }
  /// The new value of a parameter's element, and of its moments.
  ///
  /// - Parameters:
  ///   - p: the parameter, decayed already where there is decay.
  ///   - g: its gradient, clipped already.
  ///   - rate: the learning rate of this step for this parameter.
  ///   - number: of the step, from 1.
  func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term]
}

/// A number that an optimizer remembers for every element of a parameter.
public struct Moment: Sendable, Hashable {
  /// Its name in checkpoints, as `moment1` in `layers.0.kernel/moment1`.
  public var name: String
  public var initialValue: Float

  public init(_ name: String, initialValue: Float = 0) {
    self.name = name
    self.initialValue = initialValue
  }
}

/// A limit for gradients.
public enum Clipping: Sendable, Hashable {
  case none
  /// Every element to -limit ... limit.
  case value(Float)
  /// The gradient of each parameter to this length at most.
  case norm(Float)
  /// All gradients together to this length at most (Pascanu, Mikolov, Bengio 2013, *On the difficulty of training
  /// recurrent neural networks*).
  case globalNorm(Float)

  var limit: Float? {
    switch self {
    case .none: nil
    case .value(let limit), .norm(let limit), .globalNorm(let limit): limit
    }
  }
}

extension Optimizer {
  /// The size of the steps, which may be changed between them.
  public var learningRate: any LearningRateSchedule {
    get { base.learningRate }
    set { base.learningRate = newValue }
  }

  /// The learning rate of the next update: the schedule's, times the plateau factor.
  public var rate: Float { learningRate.rate(at: steps) * plateauFactor }

  /// What callbacks multiply into the rate when training no longer gets better; 1 at first.
  public var plateauFactor: Float {
    get { base.plateauFactor }
    set { base.plateauFactor = newValue }
  }

  /// Updates of the parameters so far. Mini-batches that are accumulated into one update count once.
  public var steps: Int { base.steps }

  /// Changes the parameters that have gradients by one step, or adds the gradients to those of the mini-batches before
  /// where several make one update.
  ///
  /// - Throws: `DeviceError`.
  public func update(_ model: any Layer, along gradients: Gradients) throws {
    try base.update(model, along: gradients, by: self)
  }

  /// Multiplies the rate of the parameters whose names the closure picks; 0 leaves their values as they are, and moves
  /// their moments. Factors of several groups are multiplied.
  ///
  /// ```swift
  /// optimizer.scaleRate(by: 0.1) { $0.hasPrefix("backbone.") }
  /// ```
  public func scaleRate(by factor: Float, where names: @escaping (String) -> Bool) {
    base.addGroup(ParameterGroup(rateFactor: factor, names: names))
  }

  /// Leaves the parameters whose names the closure picks out of weight decay.
  ///
  /// ```swift
  /// optimizer.excludeFromWeightDecay { $0.hasSuffix("bias") }
  /// ```
  public func excludeFromWeightDecay(where names: @escaping (String) -> Bool) {
    base.addGroup(ParameterGroup(isDecayed: false, names: names))
  }
}
