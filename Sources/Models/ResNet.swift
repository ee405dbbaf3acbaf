import MartletLayers

/// Two 3x3 convolutions with batch normalisation, and the input added to what they make (He, Zhang, Ren, Sun 2016,
/// *Deep residual learning for image recognition*). Where the block halves the picture or changes the channels, a 1x1
/// convolution brings the input to the same shape.
public final class ResidualBlock: Layer {
  let conv1: Conv2D
  let norm1 = residualNormalization()
  let conv2: Conv2D
  let norm2 = residualNormalization()
  let shortcut: Conv2D?
  let shortcutNorm: BatchNormalization?

  /// - Parameters:
  ///   - projects: whether the shortcut has a convolution.
  ///   - normalizesShortcut: whether batch normalisation follows that convolution.
  public init(
    _ filters: Int, strides: Spatial = 1, projects: Bool = false, normalizesShortcut: Bool = false
  ) {
    conv1 = residualConvolution(filters, 3, strides: strides)
    conv2 = residualConvolution(filters, 3)
    shortcut = projects ? residualConvolution(filters, 1, strides: strides) : nil
    shortcutNorm = projects && normalizesShortcut ? residualNormalization() : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    let y = norm2(conv2(norm1(conv1(x)).relu()))
    let carried = shortcut?(x) ?? x
    return (y + (shortcutNorm?(carried) ?? carried)).relu()
  }

  public var description: String { "ResidualBlock(\(conv1.filters), strides: \(conv1.convolution.strides))" }
}

/// A 1x1 convolution to fewer channels, a 3x3 convolution, a 1x1 convolution to four times the channels, and the input
/// added to what they make (figure 5 of the same paper). The 3x3 convolution has the strides, as in version 1.5 of the
/// network, the one in use since.
public final class BottleneckBlock: Layer {
  let conv1: Conv2D
  let norm1 = residualNormalization()
  let conv2: Conv2D
  let norm2 = residualNormalization()
  let conv3: Conv2D
  let norm3 = residualNormalization()
  let shortcut: Conv2D?
  let shortcutNorm: BatchNormalization?

  /// - Parameter filters: of the first two convolutions; the last has four times as many.
  public init(_ filters: Int, strides: Spatial = 1, projects: Bool = false) {
    conv1 = residualConvolution(filters, 1)
    conv2 = residualConvolution(filters, 3, strides: strides)
    conv3 = residualConvolution(4 * filters, 1)
    shortcut = projects ? residualConvolution(4 * filters, 1, strides: strides) : nil
    shortcutNorm = projects ? residualNormalization() : nil
  }

  public func forward(_ x: Tensor) -> Tensor {
    let y = norm2(conv2(norm1(conv1(x)).relu())).relu()
    let carried = shortcut?(x) ?? x
    return (norm3(conv3(y)) + (shortcutNorm?(carried) ?? carried)).relu()
  }

  public var description: String {
    "BottleneckBlock(\(conv1.filters), strides: \(conv2.convolution.strides))"
  }
}

/// A convolution whose pads are half its kernel on every side, also where it strides: PyTorch's, so that its weights fit.
private func residualConvolution(_ filters: Int, _ kernelSize: Int, strides: Spatial = 1) -> Conv2D {
  let side = kernelSize / 2
  return Conv2D(
    filters, kernelSize: Spatial([kernelSize]), strides: strides,
    padding: side == 0 ? .valid : .explicit([.init(side, side)]), useBias: false,
    kernelInitializer: .heNormal)
}

private func residualNormalization() -> BatchNormalization {
  BatchNormalization(momentum: 0.9, epsilon: 1e-5)
}

/// The residual network for small pictures: 6n + 2 layers in three stages of 16, 32 and 64 channels (section 4.2 of the
/// paper, with projections where the shape changes).
public func cifarResNet(blocksPerStage n: Int = 3, classes: Int = 10) -> Sequential {
  Sequential {
    Conv2D(16, kernelSize: 3, padding: .same, useBias: false, kernelInitializer: .heNormal)
    residualNormalization()
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

/// The residual networks for large pictures (table 1 of the paper), as torchvision has them.
public enum ResNetDepth: Int, CaseIterable, Sendable {
  /// 11,689,512 parameters for 1,000 classes.
  case resNet18 = 18
  /// 21,797,672 parameters.
  case resNet34 = 34
  /// 25,557,032 parameters.
  case resNet50 = 50
  /// 44,549,160 parameters.
  case resNet101 = 101
  /// 60,192,808 parameters.
  case resNet152 = 152

  /// How many blocks have 64, 128, 256 and 512 filters.
  var blocks: [Int] {
    switch self {
    case .resNet18: [2, 2, 2, 2]
    case .resNet34, .resNet50: [3, 4, 6, 3]
    case .resNet101: [3, 4, 23, 3]
    case .resNet152: [3, 8, 36, 3]
    }
  }
  var hasBottlenecks: Bool { rawValue >= 50 }
}

/// A residual network for pictures like 224x224x3.
public func resNet(_ depth: ResNetDepth, classes: Int = 1000) -> Sequential {
  Sequential(resNetStages(depth).flatMap(\.layers) + [GlobalAveragePooling2D(), Dense(classes)])
}

/// Its body in five stages, each of which makes the picture half as large, rounded up.
public func resNetStages(_ depth: ResNetDepth) -> [Sequential] {
  func blocks(_ stage: Int) -> [any Layer] {
    (0..<depth.blocks[stage]).map { block in
      let (filters, strides): (Int, Spatial) = (64 << stage, stage > 0 && block == 0 ? 2 : 1)
      return depth.hasBottlenecks
        ? BottleneckBlock(filters, strides: strides, projects: block == 0)
        : ResidualBlock(
          filters, strides: strides, projects: stage > 0 && block == 0, normalizesShortcut: true)
    }
  }
  let first = Sequential {
    residualConvolution(64, 7, strides: 2)
    residualNormalization()
    ReLU()
  }
  let second = Sequential {
    MaxPool2D(3, strides: 2, padding: .explicit([.init(1, 1)]))
    blocks(0)
  }
  return [first, second] + (1..<4).map { Sequential(blocks($0)) }
}
