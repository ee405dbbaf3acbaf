import MartletLayers

/// Pictures at other sizes.
enum ResampleCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "UpSampling2D":
      let size = try reader.spatial("size", default: 2)
      return try reader.answer(
        layer: UpSampling2D(size, interpolation: reader.interpolation(default: "nearest")))
    case "Resizing":
      try reader.require("antialias", .bool(false))
      try reader.require("half_pixel_centers", .bool(true))
      let (height, width) = (try reader.count("height"), try reader.count("width"))
      let interpolation = try reader.interpolation(default: "bilinear")
      return try reader.answer(layer: Resizing(height: height, width: width, interpolation: interpolation))
    default: return nil
    }
  }
}

extension CaseReader {
  fileprivate func interpolation(default fallback: String) throws -> Interpolation {
    let name = try string("interpolation", default: fallback)
    switch name {
    case "nearest": return .nearest
    case "bilinear": return .bilinear
    default: throw Unsupported("\(op) with interpolation \(name)")
    }
  }
}
