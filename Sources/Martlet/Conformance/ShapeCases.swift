import MartletLayers

/// Layers that only move elements.
enum ShapeCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "Flatten": return try reader.answer(layer: Flatten())
    case "Reshape": return try reader.answer(layer: Reshape(reader.ints("target_shape")))
    case "Permute": return try reader.answer(layer: Permute(reader.ints("dims")))
    case "ZeroPadding2D":
      let sides = try reader.sides("padding")
      return try reader.answer(layer: ZeroPadding2D(height: sides[0], width: sides[1]))
    case "Cropping2D":
      let sides = try reader.sides("cropping")
      return try reader.answer(layer: Cropping2D(height: sides[0], width: sides[1]))
    default: return nil
    }
  }
}
