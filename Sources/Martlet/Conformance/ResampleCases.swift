import MartletLayers

/// Pictures at other sizes.
enum ResampleCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "UpSampling2D":
      let size = try reader.spatial("size", default: 2)
      let interpolation = try reader.string("interpolation", default: "nearest")
      switch interpolation {
      case "nearest": return try reader.answer(layer: UpSampling2D(size))
      case "bilinear": return try reader.answer(layer: UpSampling2D(size, interpolation: .bilinear))
      default: throw Unsupported("UpSampling2D with interpolation \(interpolation)")
      }
    case "Resizing":
      try reader.require("interpolation", .string("bilinear"))
      try reader.require("antialias", .bool(false))
      try reader.require("half_pixel_centers", .bool(true))
      let (height, width) = (try reader.count("height"), try reader.count("width"))
      return try reader.answer { $0[0].resizedBilinearly(height: height, width: width) }
    default: return nil
    }
  }
}
