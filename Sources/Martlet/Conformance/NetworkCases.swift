import MartletLayers
import MartletTraining

/// Small networks over several training steps: the logits and gradients of the first step, the losses of all, and the
/// parameters after the last.
enum NetworkCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "SeedCNN": return try trajectory(reader, seedNetwork(reader))
    case "FCN": return try trajectory(reader, segmentationNetwork(reader))
    case "ResNetBlock": return try trajectory(reader, residualNetwork(reader))
    default: return nil
    }
  }

  private struct Network {
    let model: any Layer
    /// By the names that the cases give them.
    let parameters: [(name: String, parameter: Parameter)]

    init(_ model: any Layer, _ parameters: KeyValuePairs<String, Parameter?>) {
      self.model = model
      self.parameters = parameters.compactMap { name, parameter in parameter.map { (name, $0) } }
    }
  }

  private static func trajectory(_ reader: CaseReader, _ network: Network) throws -> Answer {
    try reader.options.require("optimizer", .string("Adam"))
    let steps = try reader.options.count("steps")
    let optimizer = Adam(learningRate: try reader.options.float("learning_rate"))
    try reader.prepare(
      network.model, for: reader.tensor("x_1"), parameters: network.parameters, suffix: "_0")
    var answer = Answer()
    var losses: [Float] = []
    for step in 1...steps {
      let (x, labels) = (try reader.tensor("x_\(step)"), try reader.tensor("label_\(step)"))
      let ((loss, logits), gradients) = try valueWithGradients(of: network.model) {
        let logits = network.model(x)
        return (softmaxCrossEntropy(logits: logits, labels: labels), logits)
      }
      losses.append(try loss.item())
      if step == 1 {
        answer.tensors["out_1"] = logits
        for (name, parameter) in network.parameters { answer.tensors["d\(name)_1"] = gradients[parameter] }
      }
      try optimizer.update(network.model, along: gradients)
    }
    answer.tensors["losses"] = Tensor(losses)
    for (name, parameter) in network.parameters { answer.tensors["\(name)_\(steps)"] = parameter.value }
    return answer
  }

  /// The number of filters or units of a kernel: a size of one of the case's tensors.
  private static func size(_ reader: CaseReader, _ tensor: String, axis: Int = 1) throws -> Int {
    guard let sizes = reader.reference.tensors[tensor + "_0"], sizes.count >= axis else {
      throw Unsupported("\(reader.op) without \(tensor)_0")
    }
    return sizes[sizes.count - axis]
  }

  /// The network of the seed program 003.
  private static func seedNetwork(_ reader: CaseReader) throws -> Network {
    try reader.options.require(
      "layers",
      .string(
        "Conv3x3 relu, MaxPool2, Conv3x3 relu, MaxPool2, Flatten, Dense relu, Dense10; sparse CE from logits")
    )
    let conv1 = Conv2D(try size(reader, "k1"), kernelSize: 3, activation: .relu)
    let conv2 = Conv2D(try size(reader, "k2"), kernelSize: 3, activation: .relu)
    let dense3 = Dense(try size(reader, "w3"), activation: .relu)
    let dense4 = Dense(try size(reader, "w4"))
    let model = Sequential {
      conv1
      MaxPool2D(2)
      conv2
      MaxPool2D(2)
      Flatten()
      dense3
      dense4
    }
    return Network(
      model,
      [
        "k1": conv1.kernel, "b1": conv1.bias, "k2": conv2.kernel, "b2": conv2.bias, "w3": dense3.kernel,
        "b3": dense3.bias, "w4": dense4.kernel, "b4": dense4.bias,
      ])
  }

  /// A fully convolutional network with one skip connection (Long, Shelhamer, Darrell 2015, *Fully convolutional
  /// networks for semantic segmentation*).
  private static func segmentationNetwork(_ reader: CaseReader) throws -> Network {
    try reader.options.require(
      "layers",
      .string(
        "a=Conv3x3same relu; b=Conv3x3same relu(MaxPool2 a); Conv2DTranspose 2x2 s2 same(b); "
          + "Concatenate[up, a]; Conv3x3same relu; Conv1x1; per-pixel sparse CE"))
    let conv1 = Conv2D(try size(reader, "k1"), kernelSize: 3, padding: .same, activation: .relu)
    let conv2 = Conv2D(try size(reader, "k2"), kernelSize: 3, padding: .same, activation: .relu)
    let up = Conv2DTranspose(try size(reader, "kt", axis: 2), kernelSize: 2, strides: 2, padding: .same)
    let conv3 = Conv2D(try size(reader, "k3"), kernelSize: 3, padding: .same, activation: .relu)
    let conv4 = Conv2D(try size(reader, "k4"), kernelSize: 1)
    let model = Sequential {
      conv1
      Concatenate {
        Sequential {
          MaxPool2D(2)
          conv2
          up
        }
        Identity()
      }
      conv3
      conv4
    }
    return Network(
      model,
      [
        "k1": conv1.kernel, "b1": conv1.bias, "k2": conv2.kernel, "b2": conv2.bias, "kt": up.kernel,
        "bt": up.bias, "k3": conv3.kernel, "b3": conv3.bias, "k4": conv4.kernel, "b4": conv4.bias,
      ])
  }

  /// A residual block behind a convolution, all with batch normalisation.
  private static func residualNetwork(_ reader: CaseReader) throws -> Network {
    try reader.options.require(
      "layers",
      .string(
        "Conv3x3same-BN-relu; [Conv3x3 s2 same-BN-relu-Conv3x3same-BN] + Conv1x1 s2; relu; GlobalAvgPool; "
          + "Dense5; no conv bias; BN eps 1e-3, batch statistics"))
    func convolution(_ name: String, _ kernelSize: Spatial, strides: Spatial = 1) throws -> Conv2D {
      Conv2D(
        try size(reader, name), kernelSize: kernelSize, strides: strides, padding: .same, useBias: false)
    }
    let convolutions = [
      try convolution("k0", 3), try convolution("k1", 3, strides: 2), try convolution("k2", 3),
    ]
    let shortcut = try convolution("ks", 1, strides: 2)
    let norms = (0..<3).map { _ in BatchNormalization() }
    let dense = Dense(try size(reader, "w"))
    let model = Sequential {
      convolutions[0]
      norms[0]
      ReLU()
      Add {
        Sequential {
          convolutions[1]
          norms[1]
          ReLU()
          convolutions[2]
          norms[2]
        }
        shortcut
      }
      ReLU()
      GlobalAveragePooling2D()
      dense
    }
    return Network(
      model,
      [
        "k0": convolutions[0].kernel, "g0": norms[0].gamma, "be0": norms[0].beta,
        "k1": convolutions[1].kernel, "g1": norms[1].gamma, "be1": norms[1].beta,
        "k2": convolutions[2].kernel, "g2": norms[2].gamma, "be2": norms[2].beta, "ks": shortcut.kernel,
        "w": dense.kernel, "b": dense.bias,
      ])
  }
}
