import Martlet

extension BenchmarkCase {
  /// The layers that are measured beside other frameworks. B images go through networks of B images: 64 or 128 for
  /// small ones, 8 for large ones.
  static let layers: [BenchmarkCase] =
    convolutions + transposedConvolutions + [
      signal("sig1d_65536x129", [65536], [129]),
      signal("sig2d_512x512_3x3", [512, 512], [3, 3]),
      signal("sig2d_512x512_15x15", [512, 512], [15, 15]),
      pooling("maxpool2_mnist", "maxpool", [64, 26, 26, 32], window: 2, padding: "valid"),
      pooling("maxpool3s2_112x64", "maxpool", [8, 112, 112, 64], window: 3, padding: "same"),
      pooling("avgpool2_mnist", "avgpool", [64, 26, 26, 32], window: 2, padding: "valid"),
      BenchmarkCase("gap_7x7x2048", op: "gap", x: [8, 7, 7, 2048]),
      BenchmarkCase("relu_56x256", op: "relu", x: [8, 56, 56, 256]),
      BenchmarkCase("add_56x256", op: "add", x: [8, 56, 56, 256]),
      BenchmarkCase("bn_train_32x16", op: "bn", x: [128, 32, 32, 16]),
      BenchmarkCase("bn_train_56x64", op: "bn", x: [8, 56, 56, 64]),
      dense("dense_64x1600x1024", 64, 1600, 1024),
      dense("dense_8x9216x4096", 8, 9216, 4096),
      BenchmarkCase("xent_64x10", op: "xent", x: [64, 10]),
      BenchmarkCase("xent_128x1000", op: "xent", x: [128, 1000]),
      BenchmarkCase("upsample2_bilinear", op: "upsample", x: [8, 32, 32, 64]),
      adam(
        "adam_1.7M",
        [[3, 3, 1, 32], [32], [3, 3, 32, 64], [64], [1600, 1024], [1024], [1024, 10], [10]]),
      adam("adam_25M", Array(repeating: [1000, 1000], count: 25)),
    ]

  /// The networks.
  static let models: [BenchmarkCase] = [
    network("seedcnn_mnist", "seedcnn", [64, 28, 28, 1], classes: 10),
    network("seedcnn_cifar", "seedcnn", [128, 32, 32, 3], classes: 10),
    network("resnet20_cifar", "resnet20", [128, 32, 32, 3], classes: 10),
    network("resnet50_b1", "resnet50", [1, 224, 224, 3], classes: 1000, passes: [.infer]),
    network("resnet50_b8", "resnet50", [8, 224, 224, 3], classes: 1000, passes: [.infer]),
    network("unet_128", "unet", [4, 128, 128, 3], classes: 4),
    network("fcn8s_64", "fcn8s", [16, 64, 64, 1], classes: 11),
    network("dcgan_28", "dcgan", [64, 28, 28, 1]),
    network("dcgan_32", "dcgan", [64, 32, 32, 3], passes: [.train]),
    network("alexnet_b8", "alexnet", [8, 227, 227, 3], classes: 1000),
    network("inception3a_b8", "inception3a", [8, 28, 28, 192]),
  ]

  private static let convolutions: [BenchmarkCase] = [
    convolution("mnist_c1_3x3_1to32", [64, 28, 28, 1], 3, 32, padding: "valid"),
    convolution("mnist_c2_3x3_32to64", [64, 13, 13, 32], 3, 64, padding: "valid"),
    convolution("cifar_c1_3x3_3to32", [128, 32, 32, 3], 3, 32, padding: "valid"),
    convolution("cifar_c2_3x3_32to64", [128, 15, 15, 32], 3, 64, padding: "valid"),
    convolution("rn20_3x3_16", [128, 32, 32, 16], 3, 16),
    convolution("rn20_3x3_64", [128, 8, 8, 64], 3, 64),
    convolution("rn50_7x7s2_3to64", [8, 224, 224, 3], 7, 64, strides: 2),
    convolution("rn50_3x3_64_56", [8, 56, 56, 64], 3, 64),
    convolution("rn50_3x3_256_14", [8, 14, 14, 256], 3, 256),
    convolution("rn50_3x3_512_7", [8, 7, 7, 512], 3, 512),
    convolution("rn50_1x1_64to256_56", [8, 56, 56, 64], 1, 256),
    convolution("rn50_1x1_1024to256_14", [8, 14, 14, 1024], 1, 256),
    convolution("rn50_1x1s2_256to512", [8, 56, 56, 256], 1, 512, strides: 2),
    convolution("alex_11x11s4_3to96", [8, 227, 227, 3], 11, 96, strides: 4, padding: "valid"),
    convolution("alex_5x5_96to256", [8, 27, 27, 96], 5, 256),
    convolution("dw_3x3_128", [8, 56, 56, 128], 3, 128, groups: 128),
    convolution("dw_3x3s2_128", [8, 56, 56, 128], 3, 128, strides: 2, groups: 128),
    convolution("group32_3x3_128", [8, 28, 28, 128], 3, 128, groups: 32),
    convolution("dilated2_3x3_128", [8, 28, 28, 128], 3, 128, dilation: 2),
  ]

  private static let transposedConvolutions: [BenchmarkCase] = [
    convolution("convT_5x5s2_128to64", [64, 7, 7, 128], 5, 64, strides: 2, op: "conv2d_transpose"),
    convolution("convT_2x2s2_64to32", [8, 64, 64, 64], 2, 32, strides: 2, op: "conv2d_transpose"),
    convolution("conv1d_k5_64to128", [32, 1024, 64], 5, 128, op: "conv1d"),
    convolution("conv1d_k80s4_1to32", [32, 16000, 1], 80, 32, strides: 4, padding: "valid", op: "conv1d"),
    convolution("conv3d_3x3x3_16to32", [4, 16, 32, 32, 16], 3, 32, op: "conv3d"),
  ]
}

// MARK: - Sentences of the table

extension BenchmarkCase {
  private static func convolution(
    _ name: String, _ x: [Int], _ kernelSize: Int, _ filters: Int, strides: Int = 1, padding: String = "same",
    dilation: Int = 1, groups: Int = 1, op: String = "conv2d"
  ) -> BenchmarkCase {
    var result = BenchmarkCase(name, op: op, x: x)
    func everyAxis(_ value: Int) -> [Int] { Array(repeating: value, count: x.count - 2) }
    (result.k, result.s, result.d) = (everyAxis(kernelSize), everyAxis(strides), everyAxis(dilation))
    (result.co, result.pad, result.groups) = (filters, padding, groups)
    let window = Convolution(
      kernelSize: Spatial([kernelSize]), strides: Spatial([strides]),
      padding: padding == "same" ? .same : .valid,
      dilationRate: Spatial([dilation]), groups: groups)
    let isTransposed = op == "conv2d_transpose"
    guard
      let geometry = try? isTransposed
        ? window.transposedGeometry(input: Shape(x), filters: filters)
        : window.geometry(input: Shape(x), filters: filters)
    else { preconditionFailure("the sizes of \(name) do not fit") }
    result.y = (isTransposed ? geometry.inputShape : geometry.outputShape).sizes
    result.gflop = 2 * Double(geometry.multiplyAccumulates) / 1e9
    return result
  }

  private static func signal(_ name: String, _ x: [Int], _ window: [Int]) -> BenchmarkCase {
    var result = BenchmarkCase(name, op: "signal\(x.count)d", x: x)
    result.k = window
    result.gflop = 2 * Double(x.reduce(1, *) * window.reduce(1, *)) / 1e9
    return result
  }

  private static func pooling(
    _ name: String, _ op: String, _ x: [Int], window: Int, padding: String
  ) -> BenchmarkCase {
    var result = BenchmarkCase(name, op: op, x: x)
    (result.k, result.s, result.pad) = ([window, window], [2, 2], padding)
    return result
  }

  private static func dense(_ name: String, _ batch: Int, _ inputs: Int, _ units: Int) -> BenchmarkCase {
    var result = BenchmarkCase(name, op: "dense", x: [batch, inputs])
    (result.co, result.gflop) = (units, 2 * Double(batch * inputs * units) / 1e9)
    return result
  }

  private static func adam(_ name: String, _ sizes: [[Int]]) -> BenchmarkCase {
    var result = BenchmarkCase(name, op: "adam")
    result.sizes = sizes
    return result
  }

  private static func network(
    _ name: String, _ model: String, _ x: [Int], classes: Int? = nil, passes: [Pass] = [.train, .infer]
  ) -> BenchmarkCase {
    var result = BenchmarkCase(name, model: model, x: x)
    (result.classes, result.passes) = (classes, passes)
    return result
  }
}
