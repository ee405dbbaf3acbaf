#if canImport(Glibc)
  import Glibc
#endif

/// One rise and one fall (Smith 2018, *A disciplined approach to neural network hyper-parameters: part 1*): from
/// `maximumLearningRate / divisionFactor` to the maximum in the first `risingShare` of the steps, then down to
/// `1 / finalDivisionFactor` of where it began, both along half a cosine. Defaults and step counts are PyTorch's
/// (`OneCycleLR`); the rate stays at its end after `totalSteps`.
public struct OneCycle: LearningRateSchedule, Equatable {
  public var maximumLearningRate: Float
  public var totalSteps: Int
  public var risingShare: Float
  public var divisionFactor: Float
  public var finalDivisionFactor: Float

  public init(
    _ maximumLearningRate: Float, totalSteps: Int, risingShare: Float = 0.3, divisionFactor: Float = 25,
    finalDivisionFactor: Float = 10000
  ) {
    checkDecaySteps(totalSteps)
    precondition(risingShare >= 0 && risingShare <= 1, "a share is in 0 ... 1; received \(risingShare)")
    self.maximumLearningRate = maximumLearningRate
    self.totalSteps = totalSteps
    self.risingShare = risingShare
    self.divisionFactor = divisionFactor
    self.finalDivisionFactor = finalDivisionFactor
  }

  public func rate(at step: Int) -> Float {
    let highest = Double(maximumLearningRate)
    let first = highest / Double(divisionFactor)
    let last = first / Double(finalDivisionFactor)
    let top = Double(risingShare) * Double(totalSteps) - 1
    let end = Double(totalSteps - 1)
    let step = min(Double(step), end)
    if step <= top { return Self.between(first, highest, top > 0 ? step / top : 1) }
    return Self.between(highest, last, end > top ? (step - top) / (end - top) : 1)
  }

  private static func between(_ a: Double, _ b: Double, _ progress: Double) -> Float {
    Float(b + (a - b) * 0.5 * (1 + cos(.pi * progress)))
  }
}

/// Rises along a line from `start` to another schedule's first rate in a number of steps, then follows that schedule
/// from its beginning (Goyal et al. 2017, *Accurate, large minibatch SGD: training ImageNet in 1 hour*).
///
/// ```swift
/// WarmUp(CosineDecay(0.1, decaySteps: 10_000), steps: 500)
/// ```
public struct WarmUp: LearningRateSchedule {
  public var schedule: any LearningRateSchedule
  public var steps: Int
  public var start: Float

  public init(_ schedule: any LearningRateSchedule, steps: Int, start: Float = 0) {
    precondition(steps >= 0, "warm-up takes 0 steps or more; received \(steps)")
    self.schedule = schedule
    self.steps = steps
    self.start = start
  }

  public func rate(at step: Int) -> Float {
    guard step < steps else { return schedule.rate(at: step - steps) }
    let (start, target) = (Double(start), Double(schedule.rate(at: 0)))
    return Float(start + (target - start) * Double(step) / Double(steps))
  }
}
