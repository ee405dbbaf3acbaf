import MartletKernelTable

func matrixKernels() -> MatrixKernels { MatrixKernels(lanes: lanes) }
