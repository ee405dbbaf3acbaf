/// Everything that is not a matrix product: elementwise programs, reductions, pooling, normalisation, softmax.
public struct ElementKernels: Sendable {
  public init() {}
}
