extension Tensor {
  /// How the channels of pictures go together wherever they are: (N, C, C) for (N, H, W, C), the mean over the H * W
  /// places of the products of each two channels, divided by C (Gatys, Ecker, Bethge 2016, *Image style transfer using
  /// convolutional neural networks*).
  public func gramMatrix(file: StaticString = #fileID, line: Int = #line) -> Tensor {
    guard arePictures else { return refusal("a Gram matrix", file: file, line: line) }
    let channels = reshaped(shape[0], -1, shape[3])
    return channels.transposed(0, 2, 1).matmul(channels)
      / Float(Swift.max(1, shape.sizes.dropFirst().reduce(1, *)))
  }

  /// How much pictures differ from place to place: (N) for (N, H, W, C), the sum of the distances of neighbours below and
  /// to the right (Rudin, Osher, Fatemi 1992, *Nonlinear total variation based noise removal algorithms*).
  public func totalVariation(file: StaticString = #fileID, line: Int = #line) -> Tensor {
    guard arePictures else { return refusal("a total variation", file: file, line: line) }
    return [1, 2].map { axis in
      let size = shape[axis]
      let steps = sliced(axis: axis, 1..<Swift.max(1, size)) - sliced(axis: axis, 0..<Swift.max(0, size - 1))
      return steps.abs().sum(axes: [1, 2, 3])
    }.reduce(Tensor(0), +)
  }

  private var arePictures: Bool { rank == 4 && dtype.isFloatingPoint }

  private func refusal(_ name: String, file: StaticString, line: Int) -> Tensor {
    failing(
      "\(name) is of pictures (N, H, W, C) of floating-point numbers; received \(shape) \(dtype)", file: file,
      line: line)
  }
}
