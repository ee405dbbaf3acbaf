/// activation(x · kernel + bias) over the last axis of x: a fully connected layer.
public final class Dense: Layer {
  public let units: Int
  public let activation: ActivationFunction
  /// (features, units).
  public let kernel: Parameter
  public let bias: Parameter?

  public init(
    _ units: Int, activation: ActivationFunction = .linear, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros
  ) {
    self.units = units
    self.activation = activation
    kernel = Parameter(kernelInitializer)
    bias = useBias ? Parameter(biasInitializer) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank >= 2 else {
      return x.failing(
        "Dense needs an input (N, ..., features); received \(x.shape)", file: #fileID, line: #line)
    }
    let y = x.dense(
      kernel([x.shape[-1], units]), bias: bias?([units]), activation: activation.epilogue)
    return activation.applied(after: y)
  }

  public var description: String {
    ConstructorText("Dense", units).adding("activation", activation, unless: .linear)
      .adding("useBias", bias != nil, unless: true)
      .adding("kernelInitializer", kernel.initializer, unless: .glorotUniform).text
  }
}
