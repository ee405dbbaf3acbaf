import MartletData
import MartletLayers

/// Pictures into a class for each pixel, the ground being class 0 (Long, Shelhamer, Darrell 2015, *Fully convolutional
/// networks for semantic segmentation*): the cross-entropy of logits (N, H, W, classes + 1), and the share of the pixels
/// that are right.
public struct Segmentation: SupervisedTask {
  public let loss: Loss
  public let metrics: [Metric]

  public init(
    loss: Loss = .sparseCategoricalCrossentropy(fromLogits: true), metrics: [Metric] = [.accuracy]
  ) {
    self.loss = loss
    self.metrics = metrics
  }

  public var supervision: Supervision { .masks }
  /// One more than there are classes, for the ground.
  public func outputs(classes: Int) -> Int { classes + 1 }

  public func targets(of batch: Batch) throws -> HostArray {
    if let masks = batch.masks { return masks }
    throw ShapeError("segmentation learns from a mask for each picture; this data set has none")
  }
}
