import MartletKernelTable

/// The leaf functions compiled for this module's instruction set.
public func kernelTable() -> KernelTable {
  KernelTable(matrix: matrixKernels(), winograd: winogradKernels(), elements: elementKernels())
}
