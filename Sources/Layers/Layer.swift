@_exported import MartletTensor
