import MartletLayers

/// Two 3x3 convolutions with batch normalisation, and the input added to what they make (He, Zhang, Ren, Sun 2016,
/// *Deep residual learning for image recognition*). Where the block halves the picture or changes the channels, a 1x1
/// convolution brings the input to the same shape.
public final class ResidualBlock: Layer {
  let conv1: Conv2D
  let norm1 = BatchNormalization(momentum: 0.9, epsilon: 1e-5)
  let conv2: Conv2D
  let norm2 = BatchNormalization(momentum: 0.9, epsilon: 1e-5)
  let shortcut: Conv2D?

  public init(_ filters: Int, strides: Spatial = 1, projects: Bool = false) {
    func convolution(_ kernelSize: Spatial, _ strides: Spatial) -> Conv2D {
      Conv2D(
        filters, kernelSize: kernelSize, strides: strides, padding: .same, useBias: false,
        kernelInitializer: .heNormal)
    }
    conv1 = convolution(3, strides)
    conv2 = convolution(3, 1)
    shortcut = projects ? convolution(1, strides) : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    let y = norm2(conv2(norm1(conv1(x)).relu()))
    return (y + (shortcut?(x) ?? x)).relu()
  }

  public var description: String { "ResidualBlock(\(conv1.filters), strides: \(conv1.convolution.strides))" }
}

/// The residual network for small pictures: 6n + 2 layers in three stages of 16, 32 and 64 channels (section 4.2 of the
/// paper, with projections where the shape changes).
public func cifarResNet(blocksPerStage n: Int = 3, classes: Int = 10) -> Sequential {
  Sequential {
    Conv2D(16, kernelSize: 3, padding: .same, useBias: false, kernelInitializer: .heNormal)
    BatchNormalization(momentum: 0.9, epsilon: 1e-5)
    ReLU()
    for (stage, filters) in [16, 32, 64].enumerated() {
      for block in 0..<n {
        ResidualBlock(
          filters, strides: stage > 0 && block == 0 ? 2 : 1, projects: stage > 0 && block == 0)
      }
    }
    GlobalAveragePooling2D()
    Dense(classes)
  }
}
