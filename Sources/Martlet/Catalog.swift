import MartletData
import MartletModels
import MartletTraining

/// The networks that the command knows by name, and how they train.
public enum Catalog {
  public struct Entry: Sendable {
    public let name: String
    /// One line for people.
    public let summary: String
    /// Height, width and channels.
    public let input: Shape
    /// How it trains.
    public let task: any TrainingTask
    /// How many pictures a step has where nothing else is said: as many as a few gigabytes hold.
    public let batchSize: Int
    /// What trains it where nothing else is said; see `OptimizerText`.
    public let optimizer: String
    public let learningRate: Float
    /// The network for a number of outputs and the shape of the pictures.
    public let build: @Sendable (_ outputs: Int, _ input: Shape) throws -> any Layer

    init(
      _ name: String, _ summary: String, input: Shape, task: any TrainingTask = Classification(),
      batchSize: Int = 128, optimizer: String = "adam", learningRate: Float = 1e-3,
      build: @escaping @Sendable (_ outputs: Int, _ input: Shape) throws -> any Layer
    ) {
      self.name = name
      self.summary = summary
      self.input = input
      self.task = task
      self.batchSize = batchSize
      self.optimizer = optimizer
      self.learningRate = learningRate
      self.build = build
    }
  }

  public static let entries = [
    Entry(
      "basic-cnn", "the lectures' network: two convolutions with pooling, two dense layers",
      input: [28, 28, 1]
    ) { outputs, _ in basicCNN(classes: outputs) },
    Entry(
      "resnet20", "residual network of 20 layers for small pictures (He et al. 2016)", input: [32, 32, 3]
    ) { outputs, _ in cifarResNet(blocksPerStage: 3, classes: outputs) },
    Entry(
      "resnet18", "residual network of 18 layers (He et al. 2016)", input: [224, 224, 3], batchSize: 32
    ) { outputs, _ in resNet(.resNet18, classes: outputs) },
    Entry(
      "resnet50", "residual network of 50 layers, version 1.5 (He et al. 2016)", input: [224, 224, 3],
      batchSize: 16
    ) { outputs, _ in resNet(.resNet50, classes: outputs) },
    Entry(
      "alexnet", "five convolutions, three dense layers, one tower (Krizhevsky et al. 2012)",
      input: [227, 227, 3], batchSize: 32
    ) { outputs, _ in alexNet(classes: outputs) },
    Entry(
      "inception-3a",
      "the first inception block of GoogLeNet, a channel for each class (Szegedy et al. 2015)",
      input: [28, 28, 192], batchSize: 32
    ) { outputs, _ in try inception3aClassifier(classes: outputs) },
    Entry(
      "unet", "a class for every pixel: down, up, and across (Ronneberger et al. 2015)",
      input: [128, 128, 3], task: Segmentation(), batchSize: 8
    ) { outputs, _ in UNet(classes: outputs) },
    fcn(
      "fcn32s", stride: 32,
      "a class for every pixel: a classifier's features, enlarged 32 times (Long et al. 2015)"),
    fcn("fcn16s", stride: 16, "the same with what features of twice the size show"),
    fcn("fcn8s", stride: 8, "the same with what features of four times the size show"),
    Entry(
      "deconvnet", "a class for every pixel: pooling, and unpooling to the same places (Noh et al. 2015)",
      input: [64, 64, 1], task: Segmentation(), batchSize: 16
    ) { outputs, _ in deconvNet(classes: outputs) },
    gan(
      "dcgan", "a generator of pictures and its judge (Radford et al. 2016)", Adversarial(),
      optimizer: "adam:beta1=0.5"),
    gan(
      "wgan-gp", "the same with a critic of bounded slope for a judge (Gulrajani et al. 2017)",
      Adversarial(.wasserstein()), optimizer: "adam:beta1=0.5,beta2=0.9"),
  ]

  private static func gan(_ name: String, _ summary: String, _ task: Adversarial, optimizer: String) -> Entry
  {
    Entry(
      name, summary, input: [28, 28, 1], task: task, batchSize: 64, optimizer: optimizer, learningRate: 2e-4
    ) { _, input in
      guard input.rank == 3, input[0] % 4 == 0, input[1] % 4 == 0 else {
        throw ShapeError("\(name) makes pictures whose height and width divide by 4; received \(input)")
      }
      return dcgan(picture: input)
    }
  }

  private static func fcn(_ name: String, stride: Int, _ summary: String) -> Entry {
    Entry(name, summary, input: [64, 64, 1], task: Segmentation(), batchSize: 16) { outputs, _ in
      FCN(classes: outputs, stride: stride)
    }
  }

  public static var names: [String] { entries.map(\.name) }

  /// The network of a name.
  ///
  /// - Throws: `NameError` with the nearest name there is.
  public static func entry(_ name: String) throws -> Entry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    throw NameError(kind: "model", name: name, known: names)
  }
}
