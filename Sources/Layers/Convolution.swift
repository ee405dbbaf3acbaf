/// 2-D convolution of an input (N, H, W, C) with learned kernels; the output is (N, H', W', filters).
///
/// Defaults are Keras's: padding `.valid`, kernels `.glorotUniform`, biases zero. (PyTorch draws both evenly within
/// ±1 / √(fan in).)
public final class Conv2D: Layer {
  public let filters: Int
  public let convolution: Convolution
  public let activation: ActivationFunction
  /// (kernel height, kernel width, C / groups, filters).
  public let kernel: Parameter
  /// (filters), unless `useBias` is false.
  public let bias: Parameter?

  public init(
    _ filters: Int, kernelSize: Spatial, strides: Spatial = 1, padding: Padding = .valid,
    dilationRate: Spatial = 1, groups: Int = 1, activation: ActivationFunction = .linear,
    useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
  ) {
    self.filters = filters
    convolution = Convolution(
      kernelSize: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate, groups: groups)
    self.activation = activation
    kernel = Parameter(kernelInitializer)
    bias = useBias ? Parameter(biasInitializer) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard let size = spatialKernel(convolution, of: x) else {
      return x.failing(convolution.rankMessage("Conv2D", x), file: #fileID, line: #line)
    }
    let channels = max(1, x.shape[-1] / max(1, convolution.groups))
    let y = x.convolution(
      kernel(Shape(size + [channels, filters])), bias: bias?([filters]), strides: convolution.strides,
      padding: convolution.padding, dilationRate: convolution.dilationRate, groups: convolution.groups,
      activation: activation.epilogue)
    return activation.applied(after: y)
  }

  public var description: String {
    convolution.text("Conv2D", filters, activation: activation, useBias: bias != nil)
      .adding("kernelInitializer", kernel.initializer, unless: .glorotUniform).text
  }
}

/// 2-D transposed convolution of an input (N, H, W, C): the gradient of a convolution as a layer, which makes pictures
/// larger by its strides (Zeiler, Krishnan, Taylor, Fergus 2010, *Deconvolutional networks*). Output sizes are Keras's.
public final class Conv2DTranspose: Layer {
  public let filters: Int
  public let convolution: Convolution
  public let outputPadding: Spatial?
  public let activation: ActivationFunction
  /// (kernel height, kernel width, filters / groups, C).
  public let kernel: Parameter
  public let bias: Parameter?

  public init(
    _ filters: Int, kernelSize: Spatial, strides: Spatial = 1, padding: Padding = .valid,
    outputPadding: Spatial? = nil, dilationRate: Spatial = 1, groups: Int = 1,
    activation: ActivationFunction = .linear,
    useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
    biasInitializer: Initializer = .zeros
  ) {
    self.filters = filters
    convolution = Convolution(
      kernelSize: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate, groups: groups)
    self.outputPadding = outputPadding
    self.activation = activation
    kernel = Parameter(kernelInitializer)
    bias = useBias ? Parameter(biasInitializer) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard let size = spatialKernel(convolution, of: x) else {
      return x.failing(convolution.rankMessage("Conv2DTranspose", x), file: #fileID, line: #line)
    }
    let perGroup = max(1, filters / max(1, convolution.groups))
    let y = x.transposedConvolution(
      kernel(Shape(size + [perGroup, x.shape[-1]])), bias: bias?([filters]), strides: convolution.strides,
      padding: convolution.padding, outputPadding: outputPadding, dilationRate: convolution.dilationRate,
      groups: convolution.groups, activation: activation.epilogue)
    return activation.applied(after: y)
  }

  public var description: String {
    var text = convolution.text("Conv2DTranspose", filters, activation: activation, useBias: bias != nil)
    if let outputPadding { text = text.adding("outputPadding", outputPadding) }
    return text.adding("kernelInitializer", kernel.initializer, unless: .glorotUniform).text
  }
}

/// The kernel's spatial sizes, nil where the input has another rank.
private func spatialKernel(_ convolution: Convolution, of x: Tensor) -> [Int]? {
  x.rank == 4 ? convolution.kernelSize.expanded(to: 2) : nil
}

extension Convolution {
  fileprivate func rankMessage(_ layer: String, _ x: Tensor) -> String {
    x.rank == 4
      ? "kernelSize \(kernelSize) must be one number or two"
      : "\(layer) needs an input (N, H, W, C); received \(x.shape)"
  }

  fileprivate func text(
    _ name: String, _ filters: Int, activation: ActivationFunction, useBias: Bool
  ) -> ConstructorText {
    ConstructorText(name, filters).adding("kernelSize", kernelSize).adding("strides", strides, unless: 1)
      .adding("padding", padding, unless: .valid).adding("dilationRate", dilationRate, unless: 1)
      .adding("groups", groups, unless: 1).adding("activation", activation, unless: .linear)
      .adding("useBias", useBias, unless: true)
  }
}
