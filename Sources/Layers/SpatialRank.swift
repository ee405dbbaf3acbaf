/// What layers over one, two or three spatial axes have in common: they ask for an input of their rank, and say so.
extension Tensor {
  /// A sentence where this input is not (N, spatial axes, C) with the number of spatial axes that a layer works on.
  func rankMessage(_ layer: any Layer, spatialRank: Int?) -> String? {
    if spatialRank.map({ rank == $0 + 2 }) ?? (3...5).contains(rank) { return nil }
    return "\(type(of: layer)) needs an input \(spatialAxesText(spatialRank)); received \(shape)"
  }
}

/// The axes of an input, with spatial ones by their letters.
func spatialAxesText(_ spatialRank: Int?) -> String {
  switch spatialRank {
  case 1: "(N, W, C)"
  case 2: "(N, H, W, C)"
  case 3: "(N, D, H, W, C)"
  default: "(N, one to three spatial axes, C)"
  }
}
