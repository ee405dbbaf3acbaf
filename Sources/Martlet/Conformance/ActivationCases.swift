import MartletLayers

/// Activations by name, and those that are layers with options.
enum ActivationCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "Activation": return try reader.answer(layer: Activation(reader.activation()))
    case "gelu":
      let activation = ActivationFunction.gelu(approximate: try reader.bool("approximate", default: false))
      return try reader.answer(layer: Activation(activation))
    case "LeakyReLU":
      return try reader.answer(layer: LeakyReLU(negativeSlope: reader.float("negative_slope", default: 0.3)))
    case "ELU": return try reader.answer(layer: ELU(alpha: reader.float("alpha", default: 1)))
    case "ReLU":
      return try reader.answer(
        layer: ReLU(
          maxValue: reader.isNull("max_value") ? nil : reader.float("max_value"),
          negativeSlope: reader.float("negative_slope", default: 0),
          threshold: reader.float("threshold", default: 0)))
    case "PReLU":
      let layer = PReLU(sharedAxes: try reader.ints("shared_axes", default: []))
      return try reader.answer(layer: layer, parameters: ["alpha": layer.alpha])
    case "Softmax":
      return try reader.answer(layer: Softmax(axis: reader.int("axis", default: -1)))
    default: return nil
    }
  }
}

extension CaseReader {
  /// The activation that an option names; none where it is absent or null.
  func activation(_ option: String = "activation") throws -> ActivationFunction {
    if isNull(option) { return .linear }
    let name = try string(option)
    switch name {
    case "linear": return .linear
    case "relu": return .relu
    case "relu6": return .relu6
    case "leaky_relu": return .leakyRelu()
    case "elu": return .elu()
    case "selu": return .selu
    case "gelu": return .gelu()
    case "sigmoid": return .sigmoid
    case "tanh": return .tanh
    case "softplus": return .softplus
    case "softsign": return .softsign
    case "silu": return .silu
    case "mish": return .mish
    case "exponential": return .exponential
    case "hard_sigmoid": return .hardSigmoid
    case "softmax": return .softmax
    case "log_softmax": return .logSoftmax
    default: throw Unsupported("the activation \(name)")
    }
  }
}
