/// The learning rate as a function of the optimizer's steps. A number is the schedule that never changes:
/// `Adam(learningRate: 1e-3)`.
///
/// Its description is a text that can be read back, as `cosine:decaySteps=1000,alpha=0.1`.
public protocol LearningRateSchedule: Sendable, CustomStringConvertible {
  /// - Parameter step: updates before this one: 0 for the first.
  func rate(at step: Int) -> Float
}

extension Float: LearningRateSchedule {
  public func rate(at step: Int) -> Float { self }
}

extension Double: LearningRateSchedule {
  public func rate(at step: Int) -> Float { Float(self) }
}
