/// Convolution of an input (N, spatial axes, C) with learned kernels; the output is (N, output axes, filters). `Conv1D`,
/// `Conv2D` and `Conv3D` are this layer for one number of spatial axes; itself it takes what its input has.
///
/// Defaults are Keras's: padding `.valid`, kernels `.glorotUniform`, biases zero. (PyTorch draws both evenly within
/// ±1 / √(fan in).)
public class ConvolutionLayer: Layer {
  public let filters: Int
  public let convolution: Convolution
  public let activation: ActivationFunction
  /// (kernel axes, C / groups, filters).
  public let kernel: Parameter
  /// (filters), unless `useBias` is false.
  public let bias: Parameter?
  /// How many spatial axes an input has; any of one to three where nil.
  class var spatialRank: Int? { nil }
  private let last = LastConvolution()

  public required init(
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
    x.convolved(kernel, bias, filters, activation, last) {
      try convolution.check(x, of: self, spatialRank: Self.spatialRank)
      return ResolvedConvolution(
        .forward, try convolution.geometry(input: x.shape, filters: filters),
        Epilogue(hasBias: bias != nil, activation: activation.epilogue))
    }
  }

  public var description: String {
    ConstructorText("\(type(of: self))", filters)
      .adding(convolution, activation: activation, useBias: bias != nil)
      .adding("kernelInitializer", kernel.initializer, unless: .glorotUniform).text
  }
}

/// 1-D convolution of an input (N, W, C); the output is (N, W', filters). The kernel is (kernel width, C / groups,
/// filters). Padding `.causal` lets an output see no later input.
public final class Conv1D: ConvolutionLayer {
  override class var spatialRank: Int? { 1 }
}

/// 2-D convolution of an input (N, H, W, C); the output is (N, H', W', filters). The kernel is (kernel height, kernel
/// width, C / groups, filters).
public final class Conv2D: ConvolutionLayer {
  override class var spatialRank: Int? { 2 }
}

/// 3-D convolution of an input (N, D, H, W, C); the output is (N, D', H', W', filters). The kernel is (kernel depth,
/// kernel height, kernel width, C / groups, filters).
public final class Conv3D: ConvolutionLayer {
  override class var spatialRank: Int? { 3 }
}

extension Tensor {
  /// What layers do that convolve: with a kernel of the shape that the resolved convolution asks for.
  func convolved(
    _ kernel: Parameter, _ bias: Parameter?, _ filters: Int, _ activation: ActivationFunction,
    _ last: LastConvolution, resolve: () throws -> ResolvedConvolution
  ) -> Tensor {
    do {
      let resolved = try last(input: shape, resolve)
      return activation.applied(
        after: convolution(kernel(resolved.kernel), bias: bias?([filters]), resolved))
    } catch {
      return failing((error as? ShapeError)?.message ?? "\(error)", file: #fileID, line: #line)
    }
  }
}

extension Convolution {
  /// - Throws: `ShapeError` where the input has other axes than the layer or the kernel.
  func check(_ x: Tensor, of layer: any Layer, spatialRank: Int?) throws {
    if kernelSize(for: x, of: layer, spatialRank: spatialRank) == nil {
      throw ShapeError(rankMessage(x, of: layer, spatialRank: spatialRank))
    }
  }

  /// The kernel's size on each axis, nil where the input has other axes than the layer or the kernel.
  func kernelSize(for x: Tensor, of layer: any Layer, spatialRank: Int?) -> [Int]? {
    x.rankMessage(layer, spatialRank: spatialRank) == nil ? kernelSize.expanded(to: x.rank - 2) : nil
  }

  /// What is wrong where there is no such size.
  func rankMessage(_ x: Tensor, of layer: any Layer, spatialRank: Int?) -> String {
    x.rankMessage(layer, spatialRank: spatialRank)
      ?? "kernelSize \(kernelSize) must be \(["one number", "one number or two", "one number or three"][x.rank - 3])"
  }
}

extension ConstructorText {
  /// The arguments of a layer that convolves.
  func adding(_ convolution: Convolution, activation: ActivationFunction, useBias: Bool) -> ConstructorText {
    adding("kernelSize", convolution.kernelSize).adding("strides", convolution.strides, unless: 1)
      .adding("padding", convolution.padding, unless: .valid)
      .adding("dilationRate", convolution.dilationRate, unless: 1)
      .adding("groups", convolution.groups, unless: 1).adding("activation", activation, unless: .linear)
      .adding("useBias", useBias, unless: true)
  }
}
