import MartletLayers

/// Layers of one input by their names: output and gradients, the parameters under Keras's names.
enum LayerCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard let layer = try reader.layer() else { return nil }
    let parameters = layer.parameters.map { (name: snakeCase($0.name), parameter: $0.parameter) }
    return try reader.answer(layer: layer, parameters: parameters)
  }

  /// `depthwiseKernel` as `depthwise_kernel`.
  private static func snakeCase(_ name: String) -> String {
    name.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
  }
}

extension CaseReader {
  /// The layer that the case is about; nil where its operation is no layer of one input.
  func layer() throws -> (any Layer)? { LayersByName.has(op) ? try LayersByName.layer(options) : nil }
}
