@_exported import MartletData
@_exported import MartletLayers
@_exported import MartletModels
@_exported import MartletTraining
