@_exported import MartletData
@_exported import MartletLayers
@_exported import MartletModels
@_exported import MartletTraining

#if Imaging
  @_exported import MartletImaging
#endif
