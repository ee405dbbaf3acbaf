import MartletData
import MartletLayers

/// Pictures into classes: by default the cross-entropy of the network's logits, and accuracy.
///
/// ```swift
/// Classification(loss: .sparseCategoricalCrossentropy(), metrics: [.accuracy, .f1])  // for a network that ends in softmax
/// ```
public struct Classification: SupervisedTask {
  public let loss: Loss
  public let metrics: [Metric]

  public init(
    loss: Loss = .sparseCategoricalCrossentropy(fromLogits: true), metrics: [Metric] = [.accuracy]
  ) {
    self.loss = loss
    self.metrics = metrics
  }

  /// The most probable class of each picture, and its probability.
  public func predict(_ model: any Layer, images: HostArray) throws -> [(label: Int, probability: Float)] {
    try predict(model, images: images, top: 1).map { $0[0] }
  }

  /// The most probable classes of each picture with their probabilities, the best first.
  public func predict(
    _ model: any Layer, images: HostArray, top: Int
  ) throws -> [[(label: Int, probability: Float)]] {
    let tensor = try Tensor(images)
    let (values, indices) = try compute(phase: .inference) {
      let probabilities = loss.probabilities(of: model(Self.input(tensor)))
      let best = probabilities.topK(min(top, probabilities.shape[-1]))
      return (best.values, best.indices)
    }
    let guesses = try zip(indices.elements(as: Int32.self), values.elements(as: Float.self)).map {
      (label: Int($0), probability: $1)
    }
    let width = values.shape[-1]
    return stride(from: 0, to: guesses.count, by: width).map { Array(guesses[$0..<$0 + width]) }
  }

  /// Which class is taken for which, over a data set.
  public func confusion(_ model: any Layer, on data: Dataset, batchSize: Int = 500) throws -> ConfusionMatrix
  {
    var matrix = ConfusionMatrix(classes: data.classNames.count)
    for batch in data.batches(of: batchSize) {
      matrix.add(
        predictions: try predict(model, images: batch.images).map(\.label),
        labels: batch.labels.values(as: Int32.self).map(Int.init))
    }
    return matrix
  }

  /// Grey levels 0 ... 255 become 0 ... 1; what is float32 already is taken as it is.
  public static func input(_ images: Tensor) -> Tensor {
    images.dtype == .uint8 ? images.cast(to: .float32) * (1 / 255) : images
  }
}
