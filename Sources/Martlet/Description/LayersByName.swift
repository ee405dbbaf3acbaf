import MartletLayers

/// Layers of one input by Keras's names and keywords, with its defaults.
enum LayersByName {
  /// - Throws: `KeywordError` and `NameError` for options that the layer does not take; `NameError` for layers that there
  ///   are not.
  static func layer(_ options: Keywords) throws -> any Layer {
    guard let make = makers[options.owner] else {
      throw NameError(kind: "layer", name: options.owner, known: makers.keys.sorted())
    }
    return try make(options)
  }

  static func has(_ name: String) -> Bool { makers[name] != nil }

  private static let makers: [String: @Sendable (Keywords) throws -> any Layer] = [
    "Conv1D": { try convolution(Conv1D.self, $0) },
    "Conv2D": { try convolution(Conv2D.self, $0) },
    "Conv3D": { try convolution(Conv3D.self, $0) },
    "Conv1DTranspose": { try transposed(Conv1DTranspose.self, $0) },
    "Conv2DTranspose": { try transposed(Conv2DTranspose.self, $0) },
    "Conv3DTranspose": { try transposed(Conv3DTranspose.self, $0) },
    "DepthwiseConv2D": { o in
      DepthwiseConv2D(
        kernelSize: try o.spatial("kernelSize"), strides: try o.spatial("strides", default: 1),
        padding: try o.padding(), depthMultiplier: try o.count("depthMultiplier", default: 1),
        dilationRate: try o.spatial("dilationRate", default: 1), activation: try o.activation(),
        useBias: try o.bool("useBias", default: true))
    },
    "SeparableConv2D": { o in
      SeparableConv2D(
        try o.count("filters"), kernelSize: try o.spatial("kernelSize"),
        strides: try o.spatial("strides", default: 1), padding: try o.padding(),
        dilationRate: try o.spatial("dilationRate", default: 1),
        depthMultiplier: try o.count("depthMultiplier", default: 1), activation: try o.activation(),
        useBias: try o.bool("useBias", default: true))
    },
    "Dense": { o in
      Dense(
        try o.count("units"), activation: try o.activation(), useBias: try o.bool("useBias", default: true))
    },
    "MaxPool1D": { try pooling(MaxPool1D.self, $0) },
    "MaxPool2D": { try pooling(MaxPool2D.self, $0) },
    "MaxPool3D": { try pooling(MaxPool3D.self, $0) },
    "MaxPooling1D": { try pooling(MaxPooling1D.self, $0) },
    "MaxPooling2D": { try pooling(MaxPooling2D.self, $0) },
    "MaxPooling3D": { try pooling(MaxPooling3D.self, $0) },
    "AveragePooling1D": { try pooling(AveragePooling1D.self, $0) },
    "AveragePooling2D": { try pooling(AveragePooling2D.self, $0) },
    "AveragePooling3D": { try pooling(AveragePooling3D.self, $0) },
    "GlobalAveragePooling1D": { try global(GlobalAveragePooling1D.self, $0) },
    "GlobalAveragePooling2D": { try global(GlobalAveragePooling2D.self, $0) },
    "GlobalAveragePooling3D": { try global(GlobalAveragePooling3D.self, $0) },
    "GlobalMaxPooling1D": { try global(GlobalMaxPooling1D.self, $0) },
    "GlobalMaxPooling2D": { try global(GlobalMaxPooling2D.self, $0) },
    "GlobalMaxPooling3D": { try global(GlobalMaxPooling3D.self, $0) },
    "BatchNormalization": { o in
      BatchNormalization(
        momentum: try o.float("momentum", default: 0.99), epsilon: try o.float("epsilon", default: 1e-3),
        center: try o.bool("center", default: true), scale: try o.bool("scale", default: true))
    },
    "LayerNormalization": { o in
      LayerNormalization(
        axis: try o.int("axis", default: -1), epsilon: try o.float("epsilon", default: 1e-3),
        center: try o.bool("center", default: true), scale: try o.bool("scale", default: true))
    },
    "GroupNormalization": { o in
      GroupNormalization(
        groups: try o.value("groups", "a whole number above 0, or -1", default: 32) {
          $0.int.flatMap { $0 > 0 || $0 == -1 ? $0 : nil }
        }, epsilon: try o.float("epsilon", default: 1e-3), center: try o.bool("center", default: true),
        scale: try o.bool("scale", default: true))
    },
    "LocalResponseNormalization": { o in
      LocalResponseNormalization(
        depthRadius: try o.count("depthRadius", default: 5), bias: try o.float("bias", default: 1),
        alpha: try o.float("alpha", default: 1), beta: try o.float("beta", default: 0.5))
    },
    "Activation": { Activation(try $0.activation()) },
    "ReLU": { o in
      ReLU(
        maxValue: o.isNull("maxValue") ? nil : try o.float("maxValue"),
        negativeSlope: try o.float("negativeSlope", default: 0),
        threshold: try o.float("threshold", default: 0))
    },
    "LeakyReLU": { LeakyReLU(negativeSlope: try $0.float("negativeSlope", default: 0.3)) },
    "ELU": { ELU(alpha: try $0.float("alpha", default: 1)) },
    "PReLU": { PReLU(sharedAxes: try $0.ints("sharedAxes", default: [])) },
    "Softmax": { Softmax(axis: try $0.int("axis", default: -1)) },
    "gelu": { Activation(.gelu(approximate: try $0.bool("approximate", default: false))) },
    "Dropout": { Dropout(try rate($0)) },
    "SpatialDropout2D": { SpatialDropout2D(try rate($0)) },
    "Flatten": { _ in Flatten() },
    "Reshape": { Reshape(try $0.ints("targetShape")) },
    "Permute": { Permute(try $0.ints("dims")) },
    "ZeroPadding2D": { o in
      let sides = try o.sides("padding", default: [Padding.Sides(1, 1), Padding.Sides(1, 1)])
      return ZeroPadding2D(height: sides[0], width: sides[1])
    },
    "Cropping2D": { o in
      let sides = try o.sides("cropping", default: [Padding.Sides(0, 0), Padding.Sides(0, 0)])
      return Cropping2D(height: sides[0], width: sides[1])
    },
    "UpSampling2D": { o in
      UpSampling2D(
        try o.spatial("size", default: 2), interpolation: try o.interpolation(default: "nearest"))
    },
    "Resizing": { o in
      try o.require("antialias", .bool(false))
      try o.require("halfPixelCenters", .bool(true))
      return Resizing(
        height: try o.count("height"), width: try o.count("width"),
        interpolation: try o.interpolation(default: "bilinear"))
    },
  ]

  private static func convolution(_ type: ConvolutionLayer.Type, _ o: Keywords) throws -> any Layer {
    type.init(
      try o.count("filters"), kernelSize: try o.spatial("kernelSize"),
      strides: try o.spatial("strides", default: 1), padding: try o.padding(),
      dilationRate: try o.spatial("dilationRate", default: 1), groups: try o.count("groups", default: 1),
      activation: try o.activation(), useBias: try o.bool("useBias", default: true))
  }

  private static func transposed(
    _ type: ConvolutionTransposeLayer.Type, _ o: Keywords
  ) throws -> any Layer {
    type.init(
      try o.count("filters"), kernelSize: try o.spatial("kernelSize"),
      strides: try o.spatial("strides", default: 1), padding: try o.padding(),
      outputPadding: o.isNull("outputPadding") ? nil : try o.spatial("outputPadding", from: 0),
      dilationRate: try o.spatial("dilationRate", default: 1), groups: try o.count("groups", default: 1),
      activation: try o.activation(), useBias: try o.bool("useBias", default: true))
  }

  private static func pooling(_ type: PoolingLayer.Type, _ o: Keywords) throws -> any Layer {
    type.init(
      try o.spatial("poolSize", default: 2), strides: o.isNull("strides") ? nil : try o.spatial("strides"),
      padding: try o.padding())
  }

  private static func global(_ type: GlobalPoolingLayer.Type, _ o: Keywords) throws -> any Layer {
    type.init(keepDims: try o.bool("keepdims", default: false))
  }

  private static func rate(_ o: Keywords) throws -> Float {
    try o.value("rate", "a number from 0 to below 1", default: nil) {
      if case .number(let rate) = $0, rate >= 0, rate < 1 { return Float(rate) }
      return nil
    }
  }
}
