import MartletLayers

/// Convolutions and transposed convolutions: the 2-D layers, and the operations of tensors over one and three axes.
enum ConvolutionCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "Conv2D": try convolution2D(reader)
    case "Conv2DTranspose": try transposed2D(reader)
    case "Conv1D", "Conv3D": try convolution(reader)
    case "Conv1DTranspose", "Conv3DTranspose": try transposed(reader)
    default: nil
    }
  }

  private static func convolution2D(_ reader: CaseReader) throws -> Answer {
    let layer = Conv2D(
      try reader.count("filters"), kernelSize: try reader.spatial("kernel_size"),
      strides: try reader.spatial("strides", default: 1), padding: try reader.padding(),
      dilationRate: try reader.spatial("dilation_rate", default: 1),
      groups: try reader.count("groups", default: 1), activation: try reader.activation(),
      useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(layer: layer, parameters: ["kernel": layer.kernel, "bias": layer.bias])
  }

  private static func transposed2D(_ reader: CaseReader) throws -> Answer {
    let layer = Conv2DTranspose(
      try reader.count("filters"), kernelSize: try reader.spatial("kernel_size"),
      strides: try reader.spatial("strides", default: 1), padding: try reader.padding(),
      outputPadding: try outputPadding(reader),
      dilationRate: try reader.spatial("dilation_rate", default: 1),
      groups: try reader.count("groups", default: 1), activation: try reader.activation(),
      useBias: try reader.bool("use_bias", default: true))
    return try reader.answer(layer: layer, parameters: ["kernel": layer.kernel, "bias": layer.bias])
  }

  private static func convolution(_ reader: CaseReader) throws -> Answer {
    let strides = try reader.spatial("strides", default: 1)
    let padding = try reader.padding()
    let dilationRate = try reader.spatial("dilation_rate", default: 1)
    let groups = try reader.count("groups", default: 1)
    let activation = try reader.activation()
    return try reader.answer(of: operands(reader)) { operands in
      activation(
        operands[0].convolution(
          operands[1], bias: operands.count > 2 ? operands[2] : nil, strides: strides, padding: padding,
          dilationRate: dilationRate, groups: groups))
    }
  }

  private static func transposed(_ reader: CaseReader) throws -> Answer {
    let strides = try reader.spatial("strides", default: 1)
    let padding = try reader.padding()
    let outputPadding = try outputPadding(reader)
    let dilationRate = try reader.spatial("dilation_rate", default: 1)
    let groups = try reader.count("groups", default: 1)
    let activation = try reader.activation()
    return try reader.answer(of: operands(reader)) { operands in
      activation(
        operands[0].transposedConvolution(
          operands[1], bias: operands.count > 2 ? operands[2] : nil, strides: strides, padding: padding,
          outputPadding: outputPadding, dilationRate: dilationRate, groups: groups))
    }
  }

  private static func outputPadding(_ reader: CaseReader) throws -> Spatial? {
    reader.isNull("output_padding") ? nil : try reader.spatial("output_padding")
  }

  /// The operands of a convolution, whose kernel has to have the sizes that the options say.
  private static func operands(_ reader: CaseReader) throws -> [String] {
    let isTransposed = reader.op.hasSuffix("Transpose")
    let sizes = reader.reference.tensors["kernel"] ?? []
    let kernelSize = try reader.spatial("kernel_size")
    let filters = try reader.count("filters")
    guard sizes.count > 2, kernelSize.expanded(to: sizes.count - 2) == Array(sizes.dropLast(2)),
      sizes[sizes.count - (isTransposed ? 2 : 1)] == filters
    else {
      throw ShapeError("a kernel of \(sizes) has other sizes than \(kernelSize) and \(filters) filters")
    }
    return ["x", "kernel"] + (try reader.bool("use_bias", default: true) ? ["bias"] : [])
  }
}
