@_exported import MartletLayers

/// The convolutional network of the lectures: two convolutions, each with pooling, and two dense layers. 1,668,490
/// parameters for 28x28x1 (after LeCun, Bottou, Bengio, Haffner 1998, *Gradient-based learning applied to document
/// recognition*).
public func basicCNN(classes: Int = 10) -> Sequential {
  Sequential {
    Conv2D(32, kernelSize: 3, activation: .relu)
    MaxPool2D(2)
    Conv2D(64, kernelSize: 3, activation: .relu)
    MaxPool2D(2)
    Flatten()
    Dense(1024, activation: .relu)
    Dense(classes)
  }
}
