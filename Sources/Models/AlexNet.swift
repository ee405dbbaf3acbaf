import MartletLayers

/// AlexNet in one tower: five convolutions and three dense layers (Krizhevsky, Sutskever, Hinton 2012, *ImageNet
/// classification with deep convolutional neural networks*), without the division over two GPUs and without local
/// response normalization. 62,378,344 parameters for 227x227x3 and 1,000 classes.
public func alexNet(classes: Int = 1000) -> Sequential {
  Sequential {
    Conv2D(96, kernelSize: 11, strides: 4, activation: .relu)
    MaxPool2D(3, strides: 2)
    Conv2D(256, kernelSize: 5, padding: .same, activation: .relu)
    MaxPool2D(3, strides: 2)
    Conv2D(384, kernelSize: 3, padding: .same, activation: .relu)
    Conv2D(384, kernelSize: 3, padding: .same, activation: .relu)
    Conv2D(256, kernelSize: 3, padding: .same, activation: .relu)
    MaxPool2D(3, strides: 2)
    Flatten()
    Dense(4096, activation: .relu)
    Dropout(0.5)
    Dense(4096, activation: .relu)
    Dropout(0.5)
    Dense(classes)
  }
}
