import MartletLayers

/// Normalisation of batches, samples and groups of channels.
enum NormalizationCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "BatchNormalization": return try batch(reader)
    case "LayerNormalization":
      let layer = LayerNormalization(
        axis: try reader.int("axis", default: -1), epsilon: try reader.float("epsilon", default: 1e-3),
        center: try reader.bool("center", default: true), scale: try reader.bool("scale", default: true))
      return try reader.answer(layer: layer, parameters: ["gamma": layer.gamma, "beta": layer.beta])
    case "GroupNormalization":
      let groups = try reader.int("groups", default: 32)
      guard groups > 0 || groups == -1 else { throw Unsupported("GroupNormalization with groups \(groups)") }
      let layer = GroupNormalization(
        groups: groups, epsilon: try reader.float("epsilon", default: 1e-3),
        center: try reader.bool("center", default: true), scale: try reader.bool("scale", default: true))
      return try reader.answer(layer: layer, parameters: ["gamma": layer.gamma, "beta": layer.beta])
    case "LocalResponseNormalization":
      let layer = LocalResponseNormalization(
        depthRadius: try reader.count("depth_radius", default: 5),
        bias: try reader.float("bias", default: 1), alpha: try reader.float("alpha", default: 1),
        beta: try reader.float("beta", default: 0.5))
      return try reader.answer(layer: layer)
    default: return nil
    }
  }

  /// Several training steps, and inference after them.
  private static func batch(_ reader: CaseReader) throws -> Answer {
    let layer = BatchNormalization(
      momentum: try reader.float("momentum", default: 0.99),
      epsilon: try reader.float("epsilon", default: 1e-3), center: try reader.bool("center", default: true),
      scale: try reader.bool("scale", default: true))
    let parameters = [("gamma", layer.gamma), ("beta", layer.beta)].compactMap { name, parameter in
      parameter.map { (name, $0) }
    }
    let steps = try reader.count("steps")
    try reader.prepare(layer, for: reader.tensor("x0"), parameters: parameters)

    var answer = Answer()
    for step in 0..<steps {
      let x = try reader.tensor("x\(step)")
      let result = try reader.differentiated(
        [x], parameters: parameters.map(\.1), seed: reader.tensor("dy\(step)")
      ) { layer($0[0]) }
      answer.tensors["y\(step)"] = result.y
      answer.tensors["dx\(step)"] = result.inputs[0]
      for ((name, _), gradient) in zip(parameters, result.parameters) {
        answer.tensors["d\(name)\(step)"] = gradient
      }
      answer.tensors["moving_mean\(step)"] = layer.movingMean([x.shape[-1]])
      answer.tensors["moving_variance\(step)"] = layer.movingVariance([x.shape[-1]])
    }
    let inference = try reader.differentiated(
      [reader.tensor("x_infer")], seed: reader.tensor("dy_infer"), phase: .inference
    ) { layer($0[0]) }
    answer.tensors["y_infer"] = inference.y
    answer.tensors["dx_infer"] = inference.inputs[0]
    return answer
  }
}
