import MartletLayers

/// A class for every pixel: a network of convolutions and pooling, then the same mirrored, whose unpooling puts back every
/// number to where its maximum was (Noh, Hong, Han 2015, *Learning deconvolution network for semantic segmentation*).
///
/// The paper's network has five poolings, normalises batches, and begins with a classifier's weights. From nothing this
/// one learns sooner: it is less deep, and instead of normalisation the first transposed convolution after each unpooling
/// begins as interpolation, which fills the gaps between the scattered maxima. The middle sees what is around a place, and not,
/// as the paper's 7x7 kernel for 224x224, all there is: so pictures may have any size that the poolings leave something of.
///
/// - Parameters:
///   - widths: channels at each size of the picture; after each two convolutions comes pooling.
///   - middle: channels between the halves.
public func deconvNet(classes: Int, widths: [Int] = [16, 32], middle: Int = 128) -> Sequential {
  var inner: [any Layer] = [
    down(middle, kernelSize: 5), down(middle, kernelSize: 1), up(widths.last!, kernelSize: 5),
  ]
  for (level, width) in widths.enumerated().reversed() {
    let layers = inner
    inner = [
      down(width), down(width), MaxUnpooling2D { layers }, up(width, .bilinear),
      up(widths[max(0, level - 1)]),
    ]
  }
  return Sequential(inner + [Conv2D(classes, kernelSize: 1)])
}

private func down(_ filters: Int, kernelSize: Spatial = 3) -> Conv2D {
  Conv2D(
    filters, kernelSize: kernelSize, padding: .same, activation: .relu, kernelInitializer: .heNormal)
}

private func up(
  _ filters: Int, kernelSize: Spatial = 3, _ initializer: Initializer = .glorotUniform
) -> Conv2DTranspose {
  Conv2DTranspose(
    filters, kernelSize: kernelSize, padding: .same, activation: .relu, kernelInitializer: initializer)
}
