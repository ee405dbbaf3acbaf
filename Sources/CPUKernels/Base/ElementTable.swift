import MartletKernelTable

func elementKernels() -> ElementKernels { ElementKernels() }
