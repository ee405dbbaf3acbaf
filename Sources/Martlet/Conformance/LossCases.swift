import MartletLayers

/// Losses of predictions and truths: each sample's, the reduced one, and its gradient.
enum LossCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard let loss = try loss(reader) else { return nil }
    return try answer(reader, loss)
  }

  private static func loss(_ reader: CaseReader) throws -> Loss? {
    func fromLogits() throws -> Bool { try reader.options.bool("from_logits", default: false) }
    func labelSmoothing() throws -> Float { try reader.options.float("label_smoothing", default: 0) }
    switch reader.op {
    case "SparseCategoricalCrossentropy":
      return .sparseCategoricalCrossentropy(fromLogits: try fromLogits())
    case "CategoricalCrossentropy":
      return .categoricalCrossentropy(fromLogits: try fromLogits(), labelSmoothing: try labelSmoothing())
    case "BinaryCrossentropy":
      return .binaryCrossentropy(fromLogits: try fromLogits(), labelSmoothing: try labelSmoothing())
    case "MeanSquaredError": return .meanSquaredError
    case "MeanAbsoluteError": return .meanAbsoluteError
    case "MeanAbsolutePercentageError": return .meanAbsolutePercentageError
    case "MeanSquaredLogarithmicError": return .meanSquaredLogarithmicError
    case "Huber": return .huber(delta: try reader.options.float("delta", default: 1))
    case "LogCosh": return .logCosh
    case "Hinge": return .hinge
    case "SquaredHinge": return .squaredHinge
    case "Poisson": return .poisson
    case "CosineSimilarity": return .cosineSimilarity
    case "KLDivergence": return .klDivergence
    default: return nil
    }
  }

  private static func answer(_ reader: CaseReader, _ loss: Loss) throws -> Answer {
    let prediction = try reader.tensor("y_pred")
    let truth = try reader.tensor("y_true")
    let weights =
      try reader.options.bool("sample_weight", default: false) ? try reader.tensor("sample_weight") : nil
    let reduction = try reader.options.string("reduction", default: "sum_over_batch_size")
    guard ["sum_over_batch_size", "sum", "none"].contains(reduction) else {
      throw Unsupported("\(reader.op) with reduction \(reduction)")
    }
    let (each, value, gradient) = try compute(phase: .training) {
      var each = prediction
      let (value, gradient) = try valueWithGradient(at: prediction) {
        each = loss.perSample($0, truth)
        if let weights { each = each * weights }
        // Without a reduction the gradient is that of the sum.
        return reduction == "sum_over_batch_size" ? each.mean() : each.sum()
      }
      return (each, value, gradient)
    }
    var answer = Answer(tensors: ["per_sample": each, "dy_pred": gradient])
    if reduction != "none" { answer.tensors["loss"] = value }
    return answer
  }
}
