import MartletLayers

/// Pooling over windows, as layers over two axes and as operations of tensors over one and three; pooling over all
/// positions.
enum PoolingCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "MaxPooling2D":
      let (poolSize, strides, padding) = try window(reader)
      return try reader.answer(layer: MaxPooling2D(poolSize, strides: strides, padding: padding))
    case "AveragePooling2D":
      let (poolSize, strides, padding) = try window(reader)
      return try reader.answer(layer: AveragePooling2D(poolSize, strides: strides, padding: padding))
    case "MaxPooling1D", "MaxPooling3D":
      let (poolSize, strides, padding) = try window(reader)
      return try reader.answer { $0[0].maxPooled(poolSize, strides: strides, padding: padding) }
    case "AveragePooling1D", "AveragePooling3D":
      let (poolSize, strides, padding) = try window(reader)
      return try reader.answer { $0[0].averagePooled(poolSize, strides: strides, padding: padding) }
    case "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D":
      let keepDims = try reader.bool("keepdims", default: false)
      return try reader.answer(layer: GlobalAveragePooling2D(keepDims: keepDims))
    case "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D":
      let keepDims = try reader.bool("keepdims", default: false)
      return try reader.answer(layer: GlobalMaxPooling2D(keepDims: keepDims))
    default: return nil
    }
  }

  private static func window(
    _ reader: CaseReader
  ) throws -> (poolSize: Spatial, strides: Spatial?, padding: Padding) {
    (
      try reader.spatial("pool_size"), reader.isNull("strides") ? nil : try reader.spatial("strides"),
      try reader.padding()
    )
  }
}
