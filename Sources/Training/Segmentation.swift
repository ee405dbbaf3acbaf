import MartletData
import MartletLayers

/// Pictures into a class for each pixel, the ground being class 0 (Long, Shelhamer, Darrell 2015, *Fully convolutional
/// networks for semantic segmentation*): softmax cross-entropy of logits (N, H, W, classes + 1), and the share of the
/// pixels that are right.
public struct Segmentation: TrainingTask {
  public init() {}

  public var supervision: Supervision { .masks }
  /// One more than there are classes, for the ground.
  public func outputs(classes: Int) -> Int { classes + 1 }

  public func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  {
    let (images, masks) = try tensors(of: batch)
    let ((loss, right), gradients) = try valueWithGradients(of: model) { measures(model, images, masks) }
    _ = try loss.finiteLoss()
    try optimizer.update(model, along: gradients)
    return try result(loss, right, batch.count)
  }

  public func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult {
    let (images, masks) = try tensors(of: batch)
    let (loss, right) = try compute(phase: .inference) { measures(model, images, masks) }
    return try result(loss, right, batch.count)
  }

  private func tensors(of batch: Batch) throws -> (images: Tensor, masks: Tensor) {
    guard let masks = batch.masks else {
      throw ShapeError("segmentation learns from a mask for each picture; this data set has none")
    }
    return (try Tensor(batch.images), try Tensor(masks))
  }

  /// The mean loss, and the share of the pixels that are right.
  private func measures(_ model: any Layer, _ images: Tensor, _ masks: Tensor) -> (Tensor, Tensor) {
    let logits = model(Classification.input(images))
    let labels = masks.cast(to: .int32)
    let right = (logits.argmax(axis: -1) .== labels).cast(to: .float32).mean()
    return (softmaxCrossEntropy(logits: logits, labels: labels), right)
  }

  private func result(_ loss: Tensor, _ right: Tensor, _ count: Int) throws -> BatchResult {
    BatchResult(
      lossSum: Double(try loss.item()) * Double(count),
      measureSums: [Double(try right.item()) * Double(count)], count: count)
  }
}
