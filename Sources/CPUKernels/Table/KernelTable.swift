/// The leaf functions of one instruction set, as C function pointers: what the CPU device calls.
public struct KernelTable: Sendable {
  public var matrix: MatrixKernels
  public var winograd: WinogradKernels
  public var elements: ElementKernels

  public init(matrix: MatrixKernels, winograd: WinogradKernels, elements: ElementKernels) {
    self.matrix = matrix
    self.winograd = winograd
    self.elements = elements
  }
}
