extension Sequential {
  /// The same classifier for larger pictures: its outputs for every window of the size that it was built for, at the
  /// distances of its strides, without computing twice what windows share (Long, Shelhamer, Darrell 2015, *Fully
  /// convolutional networks for semantic segmentation*). A dense layer becomes a convolution with the same weights, whose
  /// kernel is as large as what it sees of one window; global pooling becomes pooling of that size.
  ///
  /// ```swift
  /// let map = try classifier.convolutionized(input: [28, 28, 1])
  /// map(scenes)    // (N, 64, 64, 1) to (N, 10, 10, 10)
  /// ```
  /// Where the classifier pads, it sees zeros beside a window, and the map sees the neighbours. The layers before the dense
  /// ones are shared, so that training changes both; the new convolutions have copies of the weights.
  ///
  /// - Parameter input: height, width and channels of a window.
  /// - Throws: `ShapeError` for a classifier that was not built, has no `Flatten` or global pooling, or goes on behind it
  ///   with layers that have no such form.
  public func convolutionized(input: Shape) throws -> Sequential {
    guard let end = layers.firstIndex(where: { $0 is Flatten || $0 is GlobalPoolingLayer }),
      parameters.allSatisfy({ $0.parameter.shape != nil })
    else {
      throw ShapeError(
        "a heat map is made of a classifier with Flatten or global pooling that was built: call build(input:)"
      )
    }
    var result = Array(layers[..<end])
    let features = try Sequential(result).outputShape(for: input)
    // What the next layer sees of a window.
    var size = Spatial(features.sizes.dropLast())
    var copies: [(of: Dense, convolution: Conv2D)] = []
    for layer in layers[end...] {
      switch layer {
      case is Flatten: break
      case is GlobalAveragePooling2D:
        result.append(AveragePooling2D(size, strides: 1))
        size = 1
      case is GlobalMaxPooling2D:
        result.append(MaxPool2D(size, strides: 1))
        size = 1
      case let dense as Dense:
        let convolution = Conv2D(
          dense.units, kernelSize: size, activation: dense.activation, useBias: dense.bias != nil)
        copies.append((dense, convolution))
        result.append(convolution)
        size = 1
      case is Dropout, is Activation, is ReLU: result.append(layer)
      default: throw ShapeError("\(layer) has no convolutional form behind Flatten or global pooling")
      }
    }
    let network = Sequential(result)
    try network.build(input: input)
    for (dense, convolution) in copies {
      convolution.kernel.value = dense.kernel.value.reshaped(convolution.kernel.shape!.sizes)
      if let bias = dense.bias { convolution.bias!.value = bias.value }
    }
    return network
  }
}
