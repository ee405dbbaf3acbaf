/// A convolution of each channel of (N, H, W, C) for itself, with `depthMultiplier` kernels a channel; the output is
/// (N, H', W', C * depthMultiplier), the results of one channel side by side. It is a convolution in C groups.
public final class DepthwiseConv2D: Layer {
  public let depthMultiplier: Int
  public let kernelSize: Spatial
  public let strides: Spatial
  public let padding: Padding
  public let dilationRate: Spatial
  public let activation: ActivationFunction
  /// (kernel height, kernel width, C, depthMultiplier), as in Keras.
  public let kernel: Parameter
  /// (C * depthMultiplier), unless `useBias` is false.
  public let bias: Parameter?

  public init(
    kernelSize: Spatial, strides: Spatial = 1, padding: Padding = .valid, depthMultiplier: Int = 1,
    dilationRate: Spatial = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
  ) {
    precondition(depthMultiplier > 0, "depthMultiplier must be positive; received \(depthMultiplier)")
    self.depthMultiplier = depthMultiplier
    self.kernelSize = kernelSize
    self.strides = strides
    self.padding = padding
    self.dilationRate = dilationRate
    self.activation = activation
    kernel = Parameter(depthwiseInitializer)
    bias = useBias ? Parameter(biasInitializer) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    let convolution = Convolution(
      kernelSize: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate)
    guard let size = convolution.kernelSize(for: x, of: self, spatialRank: 2) else {
      return x.failing(convolution.rankMessage(x, of: self, spatialRank: 2), file: #fileID, line: #line)
    }
    let y = x.depthwiseConvolution(
      kernel(Shape(size + [x.shape[-1], depthMultiplier])), bias: bias?([x.shape[-1] * depthMultiplier]),
      strides: strides, padding: padding, dilationRate: dilationRate, activation: activation.epilogue)
    return activation.applied(after: y)
  }

  public var description: String {
    ConstructorText("DepthwiseConv2D").adding("kernelSize", kernelSize).adding("strides", strides, unless: 1)
      .adding("padding", padding, unless: .valid).adding("depthMultiplier", depthMultiplier, unless: 1)
      .adding("dilationRate", dilationRate, unless: 1).adding("activation", activation, unless: .linear)
      .adding("useBias", bias != nil, unless: true)
      .adding("depthwiseInitializer", kernel.initializer, unless: .glorotUniform).text
  }
}

/// A depthwise convolution of (N, H, W, C) and a 1x1 convolution of its results to `filters` channels: nearly what a
/// full convolution does, at a fraction of its cost (Chollet 2017, *Xception: deep learning with depthwise separable
/// convolutions*). Bias and activation come after both.
public final class SeparableConv2D: Layer {
  public let filters: Int
  public let depthMultiplier: Int
  public let kernelSize: Spatial
  public let strides: Spatial
  public let padding: Padding
  public let dilationRate: Spatial
  public let activation: ActivationFunction
  /// (kernel height, kernel width, C, depthMultiplier).
  public let depthwiseKernel: Parameter
  /// (1, 1, C * depthMultiplier, filters).
  public let pointwiseKernel: Parameter
  /// (filters), unless `useBias` is false.
  public let bias: Parameter?

  public init(
    _ filters: Int, kernelSize: Spatial, strides: Spatial = 1, padding: Padding = .valid,
    dilationRate: Spatial = 1, depthMultiplier: Int = 1, activation: ActivationFunction = .linear,
    useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform,
    pointwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
  ) {
    precondition(depthMultiplier > 0, "depthMultiplier must be positive; received \(depthMultiplier)")
    self.filters = filters
    self.depthMultiplier = depthMultiplier
    self.kernelSize = kernelSize
    self.strides = strides
    self.padding = padding
    self.dilationRate = dilationRate
    self.activation = activation
    depthwiseKernel = Parameter(depthwiseInitializer)
    pointwiseKernel = Parameter(pointwiseInitializer)
    bias = useBias ? Parameter(biasInitializer) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    let convolution = Convolution(
      kernelSize: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate)
    guard let size = convolution.kernelSize(for: x, of: self, spatialRank: 2) else {
      return x.failing(convolution.rankMessage(x, of: self, spatialRank: 2), file: #fileID, line: #line)
    }
    let channels = x.shape[-1]
    let y = x.depthwiseConvolution(
      depthwiseKernel(Shape(size + [channels, depthMultiplier])), strides: strides, padding: padding,
      dilationRate: dilationRate
    ).convolution(
      pointwiseKernel([1, 1, channels * depthMultiplier, filters]), bias: bias?([filters]),
      activation: activation.epilogue)
    return activation.applied(after: y)
  }

  public var description: String {
    ConstructorText("SeparableConv2D", filters).adding("kernelSize", kernelSize)
      .adding("strides", strides, unless: 1).adding("padding", padding, unless: .valid)
      .adding("dilationRate", dilationRate, unless: 1).adding("depthMultiplier", depthMultiplier, unless: 1)
      .adding("activation", activation, unless: .linear).adding("useBias", bias != nil, unless: true)
      .adding("depthwiseInitializer", depthwiseKernel.initializer, unless: .glorotUniform)
      .adding("pointwiseInitializer", pointwiseKernel.initializer, unless: .glorotUniform).text
  }
}

extension Tensor {
  /// A convolution of each channel for itself with a kernel (kernel axes, C, multiplier).
  fileprivate func depthwiseConvolution(
    _ kernel: Tensor, bias: Tensor? = nil, strides: Spatial, padding: Padding, dilationRate: Spatial,
    activation: Epilogue.Activation = .linear
  ) -> Tensor {
    let sizes = kernel.shape.sizes
    return convolution(
      kernel.reshaped(sizes.dropLast(2) + [1, kernel.shape[-2] * kernel.shape[-1]]), bias: bias,
      strides: strides, padding: padding, dilationRate: dilationRate, groups: shape[-1],
      activation: activation)
  }
}
