/// In training, zeros in place of a part of the elements, and the others scaled up by 1 / (1 - rate) (Srivastava,
/// Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014, *Dropout*). In inference, the input itself.
public final class Dropout: Layer {
  public let rate: Float
  public init(_ rate: Float) {
    precondition(rate >= 0 && rate < 1, "a dropout rate is in 0 ..< 1; received \(rate)")
    self.rate = rate
  }

  public func forward(_ x: Tensor) -> Tensor { x.droppedOut(rate, maskShape: x.shape) }
  public var description: String { ConstructorText("Dropout", rate).text }
}

/// Dropout of whole channels of (N, H, W, C) (Tompson, Goroshin, Jain, LeCun, Bregler 2015, *Efficient object
/// localization using convolutional networks*).
public final class SpatialDropout2D: Layer {
  public let rate: Float
  public init(_ rate: Float) {
    precondition(rate >= 0 && rate < 1, "a dropout rate is in 0 ..< 1; received \(rate)")
    self.rate = rate
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank == 4 else {
      return x.failing(
        "SpatialDropout2D needs an input (N, H, W, C); received \(x.shape)", file: #fileID, line: #line)
    }
    return x.droppedOut(rate, maskShape: [x.shape[0], 1, 1, x.shape[3]])
  }
  public var description: String { ConstructorText("SpatialDropout2D", rate).text }
}

extension Tensor {
  fileprivate func droppedOut(_ rate: Float, maskShape: Shape) -> Tensor {
    guard Context.phase == .training && rate > 0 else { return self }
    let isKept = Tensor.randomUniform(maskShape) >= Tensor(rate)
    return self * (isKept.cast(to: .float32) * (1 / (1 - rate)))
  }
}
