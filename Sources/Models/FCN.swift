import MartletLayers

/// A class for every pixel: a classifier's convolutions, the classes of every place in its smallest features, and these
/// enlarged by transposed convolutions that begin as linear interpolation; on the way the classes that finer features
/// show are added (Long, Shelhamer, Darrell 2015, *Fully convolutional networks for semantic segmentation*).
///
/// Pictures may have any size: features are as large as the picture divided by their strides, rounded up, and what is
/// enlarged beyond the finer features, or the picture, is cut off at the ends. As in the paper everything is trained, the
/// enlarging too; unlike there all skips are trained at once and from nothing.
public final class FCN: Layer {
  let stages: [Sequential]
  let head: Sequential
  /// The classes of the smallest features, then of those that are twice as large, and so on.
  let scores: [Conv2D]
  /// By two to the next features, last by what is left to the picture.
  let up: [Conv2DTranspose]

  /// - Parameters:
  ///   - stride: that of the finest features that are looked at: 32, 16 or 8 in the paper's FCN-32s, FCN-16s, FCN-8s.
  ///   - stages: the body; each one makes the picture half as large, rounded up.
  ///   - head: what stands between the body and the classes of its features.
  public init(
    classes: Int, stride: Int = 8, stages: [Sequential] = vggStages(), head: Sequential = fcnHead()
  ) {
    let coarsest = 1 << stages.count
    let skips = (coarsest / max(1, stride)).trailingZeroBitCount
    precondition(
      stride > 1 && stride << skips == coarsest,
      "an FCN of \(stages.count) stages has a stride of \((1...stages.count).map { "\(1 << $0)" }.joined(separator: ", ")); "
        + "received \(stride)")
    self.stages = stages
    self.head = head
    scores = (0...skips).map { _ in Conv2D(classes, kernelSize: 1) }
    up = (Array(repeating: 2, count: skips) + [stride]).map { factor in
      Conv2DTranspose(
        classes, kernelSize: Spatial([2 * factor]), strides: Spatial([factor]), padding: .same,
        useBias: false,
        kernelInitializer: .bilinear)
    }
  }

  public func forward(_ x: Tensor) -> Tensor {
    var features: [Tensor] = []
    for stage in stages { features.append(stage(features.last ?? x)) }
    var y = scores[0](head(features.removeLast()))
    for (enlarge, score) in zip(up, scores.dropFirst()) {
      let finer = features.removeLast()
      y = enlarge(y).cut(to: finer) + score(finer)
    }
    return up.last!(y).cut(to: x)
  }

  public var description: String {
    "FCN(classes: \(scores[0].filters), stride: \(up.last!.convolution.strides))"
  }
}

extension Tensor {
  /// The first rows and columns, as many as another picture has.
  fileprivate func cut(to other: Tensor) -> Tensor {
    guard rank == 4, other.rank == 4 else { return self }
    return shape[1] == other.shape[1] && shape[2] == other.shape[2]
      ? self : self[.all, 0..<other.shape[1], 0..<other.shape[2]]
  }
}

/// The body of a small VGG network (Simonyan, Zisserman 2015, *Very deep convolutional networks for large-scale image
/// recognition*): for each list of widths 3x3 convolutions of so many filters, and pooling by two, of an odd side rounded
/// up.
public func vggStages(widths: [[Int]] = [[16, 16], [32, 32], [64, 64], [128, 128], [128, 128]])
  -> [Sequential]
{
  widths.map { filters in
    Sequential {
      for filters in filters { vggConvolution(filters, kernelSize: 3) }
      MaxPool2D(2, padding: .same)
    }
  }
}

/// The dense layers of a VGG network as convolutions.
public func fcnHead(units: Int = 256, kernelSize: Spatial = 3) -> Sequential {
  Sequential {
    vggConvolution(units, kernelSize: kernelSize)
    vggConvolution(units, kernelSize: 1)
  }
}

private func vggConvolution(_ filters: Int, kernelSize: Spatial) -> Conv2D {
  Conv2D(
    filters, kernelSize: kernelSize, padding: .same, activation: .relu, kernelInitializer: .heNormal)
}
