import MartletData
import MartletLayers

extension Tensor {
  /// The value of a loss, which must be a number.
  ///
  /// - Throws: `NonFiniteLoss`; tasks ask before the optimizer's step, so that the weights are still those that led
  ///   to it.
  func finiteLoss() throws -> Double {
    let loss = Double(try item())
    guard loss.isFinite else { throw NonFiniteLoss(loss: loss) }
    return loss
  }
}

/// A loss that is not a number, before anybody looked for the reason. The step that found it changed nothing.
public struct NonFiniteLoss: Error, Equatable, CustomStringConvertible {
  public let loss: Double
  public var description: String { "the loss is \(loss.isNaN ? "nan" : "\(loss)")" }
}

extension Layer {
  /// One step of training. Where its loss is NaN or infinite it is done once more, operation by operation, with the same
  /// random keys, to find the first one that made such a value.
  func step(
    on batch: Batch, of epoch: Int, after steps: Int, _ task: any TrainingTask, _ optimizer: any Optimizer
  ) throws -> BatchResult {
    let random = TrainingState.RandomPosition.current
    var loss: Double
    do {
      let result = try task.train(self, on: batch, with: optimizer)
      if result.lossSum.isFinite { return result }
      loss = result.lossSum
    } catch let error as NonFiniteLoss { loss = error.loss }
    let reason = try reasonOfNonFiniteLoss(batch, random, task, optimizer)
    let value = loss.isNaN ? "nan" : "\(loss)"
    throw NonFiniteError("the loss is \(value) in step \(steps + 1) (epoch \(epoch)): \(reason)")
  }

  private func reasonOfNonFiniteLoss(
    _ batch: Batch, _ random: TrainingState.RandomPosition, _ task: any TrainingTask,
    _ optimizer: any Optimizer
  ) throws -> String {
    if !batch.images.isFinite { return "the pictures themselves have values that are not finite" }
    let broken = try parameters.compactMap { name, parameter in
      try parameter.cell.map { try $0.storage.download(shape: $0.shape, dtype: $0.dtype).isFinite } ?? true
        ? nil : name
    }
    if let first = broken.first {
      return "\(first) was not finite before it; the step before was too large. Try a smaller learning rate"
    }
    do {
      try withContext(
        random: RandomState(seed: random.seed, counter: random.counter), immediate: true, checkingFinite: true
      ) { _ = try task.train(self, on: batch, with: optimizer) }
    } catch let error as NonFiniteError {
      return error.description
    } catch is NonFiniteLoss {}
    return "no single operation made it"
  }
}

extension HostArray {
  fileprivate var isFinite: Bool {
    dtype != .float32 || values(as: Float.self).allSatisfy { $0.isFinite }
  }
}
