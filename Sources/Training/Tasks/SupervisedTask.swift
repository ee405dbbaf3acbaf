import MartletData
import MartletLayers

/// A task that compares a network's outputs with the truth by a loss, and measures them.
public protocol SupervisedTask: TrainingTask {
  var loss: Loss { get }
  var metrics: [Metric] { get }
  /// What the outputs of a batch are compared with.
  ///
  /// - Throws: `ShapeError` where the data set does not have it.
  func targets(of batch: Batch) throws -> HostArray
}

extension SupervisedTask {
  public func targets(of batch: Batch) throws -> HostArray { batch.labels }

  public func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  {
    let tensors = try Tensors(batch, targets: targets(of: batch))
    let (loss, sums, counts) = try optimizer.minimize(model) { record(model, tensors) }
    return try result(Double(loss.item()) * Double(batch.count), batch.count, sums, counts)
  }

  public func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult {
    let tensors = try Tensors(batch, targets: targets(of: batch))
    let (loss, sums, counts) = try compute(phase: .inference) { record(model, tensors) }
    return try result(Double(loss.item()) * Double(batch.count), batch.count, sums, counts)
  }

  private func record(_ model: any Layer, _ batch: Tensors) -> (loss: Tensor, sums: [Tensor], counts: [Int]) {
    let outputs = model(batch.inputs)
    let measures = metrics.map { $0.record(outputs, batch.targets) }
    return (
      loss(outputs, batch.targets, sampleWeights: batch.weights), measures.map(\.sums), measures.map(\.count)
    )
  }

  private func result(
    _ lossSum: Double, _ count: Int, _ sums: [Tensor], _ counts: [Int]
  ) throws -> BatchResult {
    BatchResult(
      lossSum: lossSum, count: count,
      measures: try metrics.indices.map { try metrics[$0].measure(sums[$0], counts[$0]) })
  }
}

/// A batch on the device.
private struct Tensors {
  let inputs: Tensor
  let targets: Tensor
  let weights: Tensor?

  init(_ batch: Batch, targets: HostArray) throws {
    inputs = Classification.input(try Tensor(batch.images))
    let tensor = try Tensor(targets)
    self.targets = tensor.dtype == .uint8 ? tensor.cast(to: .int32) : tensor
    weights = try batch.weights.map { try Tensor($0) }
  }
}

/// Outputs of any kind beside targets of the same kind, as numbers to predict.
///
/// ```swift
/// let task = Supervised(loss: .meanSquaredError, metrics: [.meanAbsoluteError])
/// try model.fit(Dataset(inputs: images, targets: angles), optimizer: Adam(), task: task)
/// ```
public struct Supervised: SupervisedTask {
  public let loss: Loss
  public let metrics: [Metric]

  public init(loss: Loss, metrics: [Metric] = []) {
    self.loss = loss
    self.metrics = metrics
  }
}
