import MartletLayers

/// Batch normalisation over several training steps and in inference after them.
enum NormalizationCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard reader.op == "BatchNormalization" else { return nil }
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
