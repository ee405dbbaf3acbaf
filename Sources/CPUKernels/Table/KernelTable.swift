/// The leaf functions of one instruction set, as C function pointers: what the CPU device calls.
public struct KernelTable: Sendable {
  public var matrix: MatrixKernels
  public var elements: ElementKernels

  public init(matrix: MatrixKernels, elements: ElementKernels) {
    self.matrix = matrix
    self.elements = elements
  }
}
