import MartletTestSupport
import Testing

@Suite struct ModelsTests {
  /// A network with what is known about it.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let outputs: Int
    let input: Shape
    let output: Shape
    let parameters: Int
    var testDescription: String { "\(name) for \(input)" }

    init(_ name: String, _ outputs: Int, _ input: Shape, _ output: Shape, _ parameters: Int) {
      self.name = name
      self.outputs = outputs
      self.input = input
      self.output = output
      self.parameters = parameters
    }
  }

  /// The numbers of basic-cnn are the lectures', those of the large networks torchvision's and the papers'. Of resnet20
  /// 269,722 are the paper's 0.27 M with identity shortcuts, the rest two projections of 16x32 and 32x64.
  static let cases = [
    Case("basic-cnn", 10, [28, 28, 1], [10], 1_668_490),
    Case("basic-cnn", 10, [32, 32, 3], [10], 2_389_962),
    Case("resnet20", 10, [32, 32, 3], [10], 269_722 + 16 * 32 + 32 * 64),
    Case("resnet18", 1000, [224, 224, 3], [1000], 11_689_512),
    Case("resnet50", 1000, [224, 224, 3], [1000], 25_557_032),
    Case("alexnet", 1000, [227, 227, 3], [1000], 62_378_344),
    Case("inception-3a", 10, [28, 28, 192], [10], 163_696),
    Case("unet", 4, [128, 128, 3], [128, 128, 4], 482_084),
    Case("fcn32s", 11, [64, 64, 1], [64, 64, 11], fcnBody + 11 * 257 + 121 * 64 * 64),
    Case("fcn16s", 11, [64, 64, 1], [64, 64, 11], fcnBody + 11 * (257 + 129) + 121 * (16 + 32 * 32)),
    Case(
      "fcn8s", 11, [64, 64, 1], [64, 64, 11], fcnBody + 11 * (257 + 129 + 65) + 121 * (2 * 16 + 16 * 16)),
    Case("deconvnet", 11, [64, 64, 1], [64, 64, 11], deconvNet),
    Case("dcgan", 1, [28, 28, 1], [1], 1_059_138),
    Case("dcgan", 1, [32, 32, 3], [1], 1_263_300),
    Case("wgan-gp", 1, [28, 28, 1], [1], 1_059_138),
  ]

  /// Two convolutions of 3x3 in each of five stages, and the head: kernels and biases.
  private static let fcnBody =
    zip([1, 16, 16, 32, 32, 64, 64, 128, 128, 128, 128], [16, 16, 32, 32, 64, 64, 128, 128, 128, 128, 256])
    .reduce(0) { $0 + 9 * $1.0 * $1.1 + $1.1 } + 256 * 256 + 256

  /// Two convolutions down and two up at each of two sizes, the middle of 5x5, 1x1 and 5x5, and the classes.
  private static let deconvNet =
    zip([1, 16, 16, 32, 32, 32, 16, 16], [16, 16, 32, 32, 32, 16, 16, 16]).reduce(0) {
      $0 + 9 * $1.0 * $1.1 + $1.1
    }
    + 2 * 25 * 32 * 128 + 128 + 32 + 128 * 128 + 128 + 11 * 17

  @Test(arguments: cases) func parametersAndShapes(_ network: Case) throws {
    let model = try Catalog.entry(network.name).build(network.outputs, network.input)
    let summary = try model.summary(input: network.input)
    #expect(summary.parameters == network.parameters)
    #expect(summary.outputShape == network.output)
    // A dry run allocates nothing.
    #expect(model.parameters.allSatisfy { $0.parameter.shape == nil })
  }

  @Test(
    arguments: zip(ResNetDepth.allCases, [11_689_512, 21_797_672, 25_557_032, 44_549_160, 60_192_808]))
  func residualNetworksOfEveryDepth(_ depth: ResNetDepth, _ parameters: Int) throws {
    let summary = try resNet(depth).summary(input: [224, 224, 3])
    #expect(summary.parameters == parameters)
    #expect(summary.outputShape == [1000])
  }

  @Test func everyDefaultInputFits() throws {
    for entry in Catalog.entries {
      _ = try entry.build(10, entry.input).outputShape(for: entry.input)
    }
  }

  /// The least pictures that each network takes.
  static let smallest: [(String, Shape)] = [
    ("basic-cnn", [12, 12, 1]), ("resnet20", [12, 12, 3]), ("resnet18", [32, 32, 3]),
    ("resnet50", [32, 32, 3]), ("alexnet", [67, 67, 3]), ("inception-3a", [12, 12, 192]),
    ("unet", [16, 16, 3]), ("fcn32s", [12, 13, 1]), ("fcn16s", [12, 13, 1]), ("fcn8s", [13, 12, 3]),
    ("deconvnet", [17, 16, 1]), ("dcgan", [12, 12, 1]), ("wgan-gp", [12, 12, 1]),
  ]

  @Test(arguments: smallest) func everyNetworkTrains(_ name: String, _ input: Shape) throws {
    let entry = try Catalog.entry(name)
    let task = entry.task
    let data = Shapes(height: input[0], width: input[1], channels: input[2], seed: 4).drawnDataset(
      count: 12, withMasks: task.supervision == .masks)
    let model = try entry.build(task.outputs(classes: 10), input)
    try withContext(seed: 1) {
      try model.build(input: input)
      let before = try model.weightsHash()
      let history = try model.fit(data, epochs: 3, batchSize: 4, steps: 3, optimizer: Adam(), task: task)
      #expect(history.last!.steps == 3)
      #expect(history.last!.training.loss.isFinite)
      #expect(history.last!.training.measures.isEmpty == false)
      #expect(try model.weightsHash() != before)
      let result = try model.evaluate(data.prefix(4), task: task)
      #expect(result.count == 4 && result.accuracy >= 0 && result.accuracy <= 1)
    }
  }

  @Test(arguments: ["basic-cnn", "resnet20"])
  func classifiersOverfitOneBatch(_ name: String) throws {
    let data = Shapes.dataset(count: 16, height: 16, width: 16, channels: 1, seed: 4)
    let model = try Catalog.entry(name).build(10, data.imageShape)
    try model.build(input: data.imageShape)
    let history = try model.fit(data, epochs: 25, batchSize: 16, optimizer: Adam(learningRate: 3e-3))
    #expect(history.last!.training.accuracy == 1)
    #expect(history.last!.training.loss < history.first!.training.loss / 4)
  }

  @Test func aUNetLearnsTheMasksOfOneBatch() throws {
    let data = Shapes(height: 16, width: 16, channels: 1, seed: 4).drawnDataset(count: 4, withMasks: true)
    let model = UNet(classes: 11, widths: [8, 16])
    let history = try withContext(seed: 3) {
      try model.build(input: data.imageShape)
      return try model.fit(
        data, epochs: 120, batchSize: 4, optimizer: Adam(learningRate: 1e-2), task: Segmentation())
    }
    #expect(history.last!.training.loss < history.first!.training.loss / 4)
    #expect(history.last!.training.accuracy > 0.9)
  }

  @Test func classesAndPicturesThatDoNotFitAreRefused() throws {
    #expect(try inception3a().outputShape(for: [28, 28, 192]) == [28, 28, 256])
    let part = #expect(throws: ShapeError.self) {
      _ = try Catalog.entry("inception-3a").build(257, [28, 28, 192])
    }
    #expect(
      part?.message == "inception-3a has 256 channels, one for each class at most; received 257 classes")
    let odd = #expect(throws: ShapeError.self) { _ = try Catalog.entry("dcgan").build(1, [30, 30, 1]) }
    #expect(odd?.message == "dcgan makes pictures whose height and width divide by 4; received 30x30x1")
  }

  @Test func theCatalogSuggestsTheNearestName() {
    let error = #expect(throws: NameError.self) { try Catalog.entry("resnet15") }
    #expect(error?.known == Catalog.entries.map(\.name))
    #expect(error?.description.hasSuffix("Did you mean resnet18?") == true)
  }
}
