import MartletLayers

/// Pooling over windows and over all positions.
enum PoolingCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "MaxPooling1D": try windowed(reader, MaxPooling1D.self)
    case "MaxPooling2D": try windowed(reader, MaxPooling2D.self)
    case "MaxPooling3D": try windowed(reader, MaxPooling3D.self)
    case "AveragePooling1D": try windowed(reader, AveragePooling1D.self)
    case "AveragePooling2D": try windowed(reader, AveragePooling2D.self)
    case "AveragePooling3D": try windowed(reader, AveragePooling3D.self)
    case "GlobalAveragePooling1D": try global(reader, GlobalAveragePooling1D.self)
    case "GlobalAveragePooling2D": try global(reader, GlobalAveragePooling2D.self)
    case "GlobalAveragePooling3D": try global(reader, GlobalAveragePooling3D.self)
    case "GlobalMaxPooling1D": try global(reader, GlobalMaxPooling1D.self)
    case "GlobalMaxPooling2D": try global(reader, GlobalMaxPooling2D.self)
    case "GlobalMaxPooling3D": try global(reader, GlobalMaxPooling3D.self)
    default: nil
    }
  }

  private static func windowed(_ reader: CaseReader, _ type: PoolingLayer.Type) throws -> Answer {
    let strides = reader.isNull("strides") ? nil : try reader.spatial("strides")
    return try reader.answer(
      layer: type.init(try reader.spatial("pool_size"), strides: strides, padding: try reader.padding()))
  }

  private static func global(_ reader: CaseReader, _ type: GlobalPoolingLayer.Type) throws -> Answer {
    try reader.answer(layer: type.init(keepDims: try reader.bool("keepdims", default: false)))
  }
}
