import MartletLayers

/// Convolutions of three sizes and pooling side by side, their channels one after another; 1x1 convolutions make the
/// input of the larger ones narrower (Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich 2015,
/// *Going deeper with convolutions*).
///
/// - Parameters:
///   - one: channels of the 1x1 convolution.
///   - three: channels of the 3x3 convolution, and of the 1x1 convolution before it.
///   - five: the same of the 5x5 convolution.
///   - pooled: channels of the 1x1 convolution after the pooling.
public func inceptionBlock(
  _ one: Int, three: (reduced: Int, out: Int), five: (reduced: Int, out: Int), pooled: Int
) -> Concatenate {
  func convolution(_ filters: Int, _ kernelSize: Spatial) -> Conv2D {
    Conv2D(filters, kernelSize: kernelSize, padding: .same, activation: .relu)
  }
  return Concatenate {
    convolution(one, 1)
    Sequential {
      convolution(three.reduced, 1)
      convolution(three.out, 3)
    }
    Sequential {
      convolution(five.reduced, 1)
      convolution(five.out, 5)
    }
    Sequential {
      MaxPool2D(3, strides: 1, padding: .same)
      convolution(pooled, 1)
    }
  }
}

/// The first block of GoogLeNet, "3a" in the paper's table 1: 28x28x192 to 28x28x256 with 163,696 parameters.
public func inception3a() -> Concatenate {
  inceptionBlock(64, three: (96, 128), five: (16, 32), pooled: 32)
}

/// That block as a classifier, so that it can be trained alone: the mean of one of its channels is the logit of each
/// class, which takes no parameters besides the block's.
///
/// - Throws: `ShapeError` for more classes than the block has channels.
public func inception3aClassifier(classes: Int) throws -> Sequential {
  guard (1...256).contains(classes) else {
    throw ShapeError("inception-3a has 256 channels, one for each class at most; received \(classes) classes")
  }
  return Sequential {
    inception3a()
    GlobalAveragePooling2D()
    Lambda("the first \(classes) channels") { $0.sliced(axis: -1, 0..<classes) }
  }
}
