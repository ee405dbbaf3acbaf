/// Transposed convolution of an input (N, spatial axes, C): the gradient of a convolution as a layer, which makes its
/// input larger by its strides (Zeiler, Krishnan, Taylor, Fergus 2010, *Deconvolutional networks*). Output sizes are
/// Keras's. `Conv1DTranspose`, `Conv2DTranspose` and `Conv3DTranspose` are this layer for one number of spatial axes.
public class ConvolutionTransposeLayer: Layer {
  public let filters: Int
  public let convolution: Convolution
  /// Positions added at the end of each axis; Keras's sizes where nil.
  public let outputPadding: Spatial?
  public let activation: ActivationFunction
  /// (kernel axes, filters / groups, C).
  public let kernel: Parameter
  /// (filters), unless `useBias` is false.
  public let bias: Parameter?
  /// How many spatial axes an input has; any of one to three where nil.
  class var spatialRank: Int? { nil }
  private let last = LastConvolution()

  public required init(
    _ filters: Int, kernelSize: Spatial, strides: Spatial = 1, padding: Padding = .valid,
    outputPadding: Spatial? = nil, dilationRate: Spatial = 1, groups: Int = 1,
    activation: ActivationFunction = .linear, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform,
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
    x.convolved(kernel, bias, filters, activation, last) {
      try convolution.check(x, of: self, spatialRank: Self.spatialRank)
      return ResolvedConvolution(
        .backwardData,
        try convolution.transposedGeometry(input: x.shape, filters: filters, outputPadding: outputPadding),
        Epilogue(hasBias: bias != nil, activation: activation.epilogue))
    }
  }

  public var description: String {
    var text = ConstructorText("\(type(of: self))", filters)
      .adding(convolution, activation: activation, useBias: bias != nil)
    if let outputPadding { text = text.adding("outputPadding", outputPadding) }
    return text.adding("kernelInitializer", kernel.initializer, unless: .glorotUniform).text
  }
}

/// 1-D transposed convolution of an input (N, W, C). The kernel is (kernel width, filters / groups, C).
public final class Conv1DTranspose: ConvolutionTransposeLayer {
  override class var spatialRank: Int? { 1 }
}

/// 2-D transposed convolution of an input (N, H, W, C). The kernel is (kernel height, kernel width, filters / groups,
/// C).
public final class Conv2DTranspose: ConvolutionTransposeLayer {
  override class var spatialRank: Int? { 2 }
}

/// 3-D transposed convolution of an input (N, D, H, W, C). The kernel is (kernel depth, kernel height, kernel width,
/// filters / groups, C).
public final class Conv3DTranspose: ConvolutionTransposeLayer {
  override class var spatialRank: Int? { 3 }
}
