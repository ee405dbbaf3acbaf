import MartletLayers

/// Fully connected layers.
enum DenseCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard reader.op == "Dense" else { return nil }
    let layer = Dense(
      try reader.count("units"), activation: try reader.activation(),
      useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(layer: layer, parameters: ["kernel": layer.kernel, "bias": layer.bias])
  }
}
