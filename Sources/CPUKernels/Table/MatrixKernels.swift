/// Matrix products: the tiles that stay in registers.
public struct MatrixKernels: Sendable {
  /// Floats in one vector.
  public var lanes: Int

  public init(lanes: Int) { self.lanes = lanes }
}
