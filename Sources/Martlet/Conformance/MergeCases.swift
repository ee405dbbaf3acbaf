import MartletLayers

/// Layers of several inputs.
enum MergeCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "Add": return try merged(reader, Add())
    case "Subtract": return try merged(reader, Subtract())
    case "Multiply": return try merged(reader, Multiply())
    case "Average": return try merged(reader, Average())
    case "Maximum": return try merged(reader, Maximum())
    case "Minimum": return try merged(reader, Minimum())
    case "Concatenate": return try merged(reader, Concatenate(axis: reader.options.int("axis", default: -1)))
    case "ResidualConv": return try residual(reader)
    default: return nil
    }
  }

  /// The inputs are called x0, x1, and so on.
  private static func merged(_ reader: CaseReader, _ layer: any MergingLayer) throws -> Answer {
    let names = (0...).lazy.map { "x\($0)" }.prefix { reader.has($0) }
    return try reader.answer(of: Array(names)) { layer($0) }
  }

  private static func residual(_ reader: CaseReader) throws -> Answer {
    try reader.options.require("note", .string("relu(Conv2D(same)(x) + x)"))
    guard let kernel = reader.reference.tensors["kernel"], kernel.count == 4 else {
      throw Unsupported("\(reader.op) without a kernel of four axes")
    }
    let convolution = Conv2D(kernel[3], kernelSize: [kernel[0], kernel[1]], padding: .same)
    let layer = Sequential {
      Add {
        convolution
        Identity()
      }
      ReLU()
    }
    return try reader.answer(
      layer: layer, parameters: [("kernel", convolution.kernel), ("bias", convolution.bias!)])
  }
}
