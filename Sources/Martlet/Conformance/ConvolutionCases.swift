import MartletLayers

/// Convolutions, transposed, depthwise and separable ones.
enum ConvolutionCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "Conv1D": try convolution(reader, Conv1D.self)
    case "Conv2D": try convolution(reader, Conv2D.self)
    case "Conv3D": try convolution(reader, Conv3D.self)
    case "Conv1DTranspose": try transposed(reader, Conv1DTranspose.self)
    case "Conv2DTranspose": try transposed(reader, Conv2DTranspose.self)
    case "Conv3DTranspose": try transposed(reader, Conv3DTranspose.self)
    case "DepthwiseConv2D": try depthwise(reader)
    case "SeparableConv2D": try separable(reader)
    default: nil
    }
  }

  private static func convolution(_ reader: CaseReader, _ type: ConvolutionLayer.Type) throws -> Answer {
    let layer = type.init(
      try reader.count("filters"), kernelSize: try reader.spatial("kernel_size"),
      strides: try reader.spatial("strides", default: 1), padding: try reader.padding(),
      dilationRate: try reader.spatial("dilation_rate", default: 1),
      groups: try reader.count("groups", default: 1), activation: try reader.activation(),
      useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(layer: layer, parameters: ["kernel": layer.kernel, "bias": layer.bias])
  }

  private static func transposed(
    _ reader: CaseReader, _ type: ConvolutionTransposeLayer.Type
  ) throws -> Answer {
    let layer = type.init(
      try reader.count("filters"), kernelSize: try reader.spatial("kernel_size"),
      strides: try reader.spatial("strides", default: 1), padding: try reader.padding(),
      outputPadding: reader.isNull("output_padding") ? nil : try reader.spatial("output_padding"),
      dilationRate: try reader.spatial("dilation_rate", default: 1),
      groups: try reader.count("groups", default: 1), activation: try reader.activation(),
      useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(layer: layer, parameters: ["kernel": layer.kernel, "bias": layer.bias])
  }

  private static func depthwise(_ reader: CaseReader) throws -> Answer {
    let layer = DepthwiseConv2D(
      kernelSize: try reader.spatial("kernel_size"), strides: try reader.spatial("strides", default: 1),
      padding: try reader.padding(), depthMultiplier: try reader.count("depth_multiplier", default: 1),
      dilationRate: try reader.spatial("dilation_rate", default: 1), activation: try reader.activation(),
      useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(layer: layer, parameters: ["kernel": layer.kernel, "bias": layer.bias])
  }

  private static func separable(_ reader: CaseReader) throws -> Answer {
    let layer = SeparableConv2D(
      try reader.count("filters"), kernelSize: try reader.spatial("kernel_size"),
      strides: try reader.spatial("strides", default: 1), padding: try reader.padding(),
      dilationRate: try reader.spatial("dilation_rate", default: 1),
      depthMultiplier: try reader.count("depth_multiplier", default: 1),
      activation: try reader.activation(), useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(
      layer: layer,
      parameters: [
        "depthwise_kernel": layer.depthwiseKernel, "pointwise_kernel": layer.pointwiseKernel,
        "bias": layer.bias,
      ])
  }
}
