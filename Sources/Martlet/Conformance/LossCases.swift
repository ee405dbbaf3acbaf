import MartletLayers

/// Losses of predictions and truths: each sample's, the reduced one, and its gradient.
enum LossCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "CategoricalCrossentropy", "SparseCategoricalCrossentropy":
      let isSparse = reader.op == "SparseCategoricalCrossentropy"
      let smoothing: Float = isSparse ? 0 : try reader.float("label_smoothing", default: 0)
      if try reader.bool("from_logits", default: false) {
        return try losses(reader) {
          softmaxCrossEntropies(logits: $0, labels: $1, labelSmoothing: smoothing)
        }
      }
      return try losses(reader) { crossEntropies(probabilities: $0, labels: $1, labelSmoothing: smoothing) }
    case "BinaryCrossentropy":
      let smoothing = try reader.float("label_smoothing", default: 0)
      if try reader.bool("from_logits", default: false) {
        return try losses(reader) {
          sigmoidCrossEntropies(logits: $0, labels: $1, labelSmoothing: smoothing).mean(axes: -1)
        }
      }
      return try losses(reader) {
        binaryCrossEntropies(probabilities: $0, labels: $1, labelSmoothing: smoothing).mean(axes: -1)
      }
    case "MeanSquaredError": return try losses(reader) { squaredErrors($0, $1).mean(axes: -1) }
    case "MeanAbsoluteError": return try losses(reader) { absoluteErrors($0, $1).mean(axes: -1) }
    case "Huber":
      let delta = try reader.float("delta", default: 1)
      return try losses(reader) { huberErrors($0, $1, delta: delta).mean(axes: -1) }
    case "Hinge": return try losses(reader) { hingeErrors($0, $1).mean(axes: -1) }
    case "KLDivergence": return try losses(reader) { divergences(probabilities: $0, targets: $1) }
    default: return nil
    }
  }

  private static func losses(
    _ reader: CaseReader, _ losses: (_ prediction: Tensor, _ truth: Tensor) -> Tensor
  ) throws -> Answer {
    let prediction = try reader.tensor("y_pred")
    let truth = try reader.tensor("y_true")
    let weights = try reader.bool("sample_weight", default: false) ? try reader.tensor("sample_weight") : nil
    let reduction = try reader.string("reduction", default: "sum_over_batch_size")
    guard ["sum_over_batch_size", "sum", "none"].contains(reduction) else {
      throw Unsupported("\(reader.op) with reduction \(reduction)")
    }
    let (each, loss, gradient) = try compute(phase: .training) {
      var each = prediction
      let (loss, gradient) = try valueWithGradient(at: prediction) {
        each = losses($0, truth)
        if let weights { each = each * weights }
        // Without a reduction the gradient is that of the sum.
        return reduction == "sum_over_batch_size" ? each.mean() : each.sum()
      }
      return (each, loss, gradient)
    }
    var answer = Answer(tensors: ["per_sample": each, "dy_pred": gradient])
    if reduction != "none" { answer.tensors["loss"] = loss }
    return answer
  }
}
