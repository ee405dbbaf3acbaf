#if canImport(Glibc)
  import Glibc
#endif

/// The rate shrinks by a factor every `decaySteps`: initial * decayRate ^ (step / decaySteps), as Keras has it; with
/// `staircase` all at once.
public struct ExponentialDecay: LearningRateSchedule, Equatable {
  public var initialLearningRate: Float
  public var decaySteps: Int
  public var decayRate: Float
  public var staircase: Bool

  public init(_ initialLearningRate: Float, decaySteps: Int, decayRate: Float, staircase: Bool = false) {
    checkDecaySteps(decaySteps)
    self.initialLearningRate = initialLearningRate
    self.decaySteps = decaySteps
    self.decayRate = decayRate
    self.staircase = staircase
  }

  public func rate(at step: Int) -> Float {
    let periods = Double(step) / Double(decaySteps)
    return Float(
      Double(initialLearningRate) * pow(Double(decayRate), staircase ? periods.rounded(.down) : periods))
  }
}

/// initial / (1 + decayRate * step / decaySteps), as Keras has it; with `staircase` in jumps.
public struct InverseTimeDecay: LearningRateSchedule, Equatable {
  public var initialLearningRate: Float
  public var decaySteps: Int
  public var decayRate: Float
  public var staircase: Bool

  public init(_ initialLearningRate: Float, decaySteps: Int, decayRate: Float, staircase: Bool = false) {
    checkDecaySteps(decaySteps)
    self.initialLearningRate = initialLearningRate
    self.decaySteps = decaySteps
    self.decayRate = decayRate
    self.staircase = staircase
  }

  public func rate(at step: Int) -> Float {
    let periods = Double(step) / Double(decaySteps)
    return Float(
      Double(initialLearningRate)
        / (1 + Double(decayRate) * (staircase ? periods.rounded(.down) : periods)))
  }
}

/// From the initial rate to `endLearningRate` along (1 - step / decaySteps) ^ power, as Keras has it. With `cycle` it
/// goes on beyond `decaySteps` over the next multiple of them.
public struct PolynomialDecay: LearningRateSchedule, Equatable {
  public var initialLearningRate: Float
  public var decaySteps: Int
  public var endLearningRate: Float
  public var power: Float
  public var cycle: Bool

  public init(
    _ initialLearningRate: Float, decaySteps: Int, endLearningRate: Float = 0.0001, power: Float = 1,
    cycle: Bool = false
  ) {
    checkDecaySteps(decaySteps)
    self.initialLearningRate = initialLearningRate
    self.decaySteps = decaySteps
    self.endLearningRate = endLearningRate
    self.power = power
    self.cycle = cycle
  }

  public func rate(at step: Int) -> Float {
    var length = Double(decaySteps)
    if cycle { length *= max(1, (Double(step) / length).rounded(.up)) }
    let (initial, end) = (Double(initialLearningRate), Double(endLearningRate))
    return Float((initial - end) * pow(1 - min(Double(step), length) / length, Double(power)) + end)
  }
}

/// Half a cosine from the initial rate to `alpha` times it, over `decaySteps` (Loshchilov, Hutter 2017, *SGDR:
/// stochastic gradient descent with warm restarts*, without the restarts), as Keras has it. With a `warmupTarget` the
/// rate first rises from the initial one to the target in `warmupSteps`, and decays from there.
public struct CosineDecay: LearningRateSchedule, Equatable {
  public var initialLearningRate: Float
  public var decaySteps: Int
  public var alpha: Float
  public var warmupTarget: Float?
  public var warmupSteps: Int

  public init(
    _ initialLearningRate: Float, decaySteps: Int, alpha: Float = 0, warmupTarget: Float? = nil,
    warmupSteps: Int = 0
  ) {
    checkDecaySteps(decaySteps)
    precondition(warmupSteps >= 0, "warm-up takes 0 steps or more; received \(warmupSteps)")
    self.initialLearningRate = initialLearningRate
    self.decaySteps = decaySteps
    self.alpha = alpha
    self.warmupTarget = warmupTarget
    self.warmupSteps = warmupSteps
  }

  public func rate(at step: Int) -> Float {
    let initial = Double(initialLearningRate)
    guard let warmupTarget else { return decayed(from: initial, step) }
    guard step < warmupSteps else { return decayed(from: Double(warmupTarget), step - warmupSteps) }
    return Float(initial + (Double(warmupTarget) - initial) * Double(step) / Double(warmupSteps))
  }

  private func decayed(from rate: Double, _ step: Int) -> Float {
    let progress = Double(min(step, decaySteps)) / Double(decaySteps)
    return Float(rate * ((1 - Double(alpha)) * 0.5 * (1 + cos(.pi * progress)) + Double(alpha)))
  }
}

/// `values[i]` up to and including step `boundaries[i]`, the last value after the last of them, as Keras has it.
public struct PiecewiseConstantDecay: LearningRateSchedule, Equatable {
  public var boundaries: [Int]
  public var values: [Float]

  public init(boundaries: [Int], values: [Float]) {
    precondition(
      values.count == boundaries.count + 1,
      "there is one value more than boundaries; received \(values.count) and \(boundaries.count)")
    precondition(
      zip(boundaries, boundaries.dropFirst()).allSatisfy(<), "boundaries rise; received \(boundaries)")
    self.boundaries = boundaries
    self.values = values
  }

  public func rate(at step: Int) -> Float { values[boundaries.firstIndex { step <= $0 } ?? boundaries.count] }
}

func checkDecaySteps(_ steps: Int) {
  precondition(steps > 0, "a schedule decays over at least one step; received \(steps)")
}
