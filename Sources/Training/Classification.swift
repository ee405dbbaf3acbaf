import MartletData
import MartletLayers

/// Pictures into classes: softmax cross-entropy of the network's logits, and accuracy.
public struct Classification: TrainingTask {
  public init() {}

  public func train(_ model: any Layer, on batch: Batch, with optimizer: any Optimizer) throws -> BatchResult
  {
    let (images, labels) = try (Tensor(batch.images), Tensor(batch.labels))
    let ((loss, correct), gradients) = try valueWithGradients(of: model) {
      let logits = model(Self.input(images))
      return (softmaxCrossEntropy(logits: logits, labels: labels), Self.correct(logits, labels))
    }
    _ = try loss.finiteLoss()
    try optimizer.update(model, along: gradients)
    return try result(loss, correct, batch.count)
  }

  public func evaluate(_ model: any Layer, on batch: Batch) throws -> BatchResult {
    let (images, labels) = try (Tensor(batch.images), Tensor(batch.labels))
    let (loss, correct) = try compute(phase: .inference) {
      let logits = model(Self.input(images))
      return (softmaxCrossEntropy(logits: logits, labels: labels), Self.correct(logits, labels))
    }
    return try result(loss, correct, batch.count)
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
      let probabilities = model(Self.input(tensor)).softmax()
      let best = probabilities.topK(min(top, probabilities.shape[-1]))
      return (best.values, best.indices)
    }
    let guesses = try zip(indices.elements(as: Int32.self), values.elements(as: Float.self)).map {
      (label: Int($0), probability: $1)
    }
    let width = values.shape[-1]
    return stride(from: 0, to: guesses.count, by: width).map { Array(guesses[$0..<$0 + width]) }
  }

  /// Grey levels 0 ... 255 become 0 ... 1; what is float32 already is taken as it is.
  public static func input(_ images: Tensor) -> Tensor {
    images.dtype == .uint8 ? images.cast(to: .float32) * (1 / 255) : images
  }

  private static func correct(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    (logits.argmax(axis: -1) .== labels).sum()
  }

  private func result(_ loss: Tensor, _ correct: Tensor, _ count: Int) throws -> BatchResult {
    BatchResult(
      lossSum: Double(try loss.item()) * Double(count), measureSums: [Double(try correct.item())],
      count: count)
  }
}
