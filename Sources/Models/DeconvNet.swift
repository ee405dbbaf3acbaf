import MartletLayers

/// A class for every pixel: a network of convolutions and pooling, then the same mirrored, whose unpooling puts back every
/// number to where its maximum was (Noh, Hong, Han 2015, *Learning deconvolution network for semantic segmentation*).
/// Batch normalisation and a rectifier follow every convolution, as there.
///
/// The middle sees what is around a place in the smallest features, and not, as the paper's 7x7 kernel for 224x224, all of
/// them: so pictures may have any size that the poolings leave something of.
///
/// - Parameters:
///   - widths: channels at each size of the picture; after each two convolutions comes pooling.
///   - middle: channels between the halves.
public func deconvNet(classes: Int, widths: [Int] = [16, 32, 64, 128], middle: Int = 256) -> Sequential {
  var inner: [any Layer] =
    normalized(Conv2D(middle, kernelSize: 3, padding: .same, useBias: false))
    + normalized(Conv2D(middle, kernelSize: 1, useBias: false))
    + normalized(Conv2DTranspose(widths.last!, kernelSize: 3, padding: .same, useBias: false))
  for (level, width) in widths.enumerated().reversed() {
    let outer = widths[max(0, level - 1)]
    inner = mirrored(width, outer: outer, around: inner)
  }
  return Sequential(inner + [Conv2D(classes, kernelSize: 1)])
}

/// Two convolutions, pooling, what is inside, unpooling and two transposed convolutions.
private func mirrored(_ filters: Int, outer: Int, around inner: [any Layer]) -> [any Layer] {
  let convolutions = (0..<2).flatMap { _ in
    normalized(Conv2D(filters, kernelSize: 3, padding: .same, useBias: false))
  }
  let transposed = [filters, outer].flatMap {
    normalized(Conv2DTranspose($0, kernelSize: 3, padding: .same, useBias: false))
  }
  return convolutions + [MaxUnpooling2D { inner }] + transposed
}

private func normalized(_ layer: any Layer) -> [any Layer] {
  [layer, BatchNormalization(momentum: 0.9), ReLU()]
}
