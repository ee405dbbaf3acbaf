import MartletLayers

/// Normalisation by the statistics of batches, which a case follows over several steps.
enum BatchNormalizationCases: CaseFamily {
  /// Several training steps, and inference after them.
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard let layer = try reader.layer() as? BatchNormalization else { return nil }
    let parameters = [("gamma", layer.gamma), ("beta", layer.beta)].compactMap { name, parameter in
      parameter.map { (name, $0) }
    }
    let steps = try reader.options.count("steps")
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
