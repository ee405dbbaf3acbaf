import MartletTestSupport
import Testing

@Suite struct ModelsTests {
  @Test func theLecturesNetworkHasTheirParameters() throws {
    #expect(try basicCNN().summary(input: [28, 28, 1]).parameters == 1_668_490)
    #expect(try basicCNN().summary(input: [32, 32, 3]).parameters == 2_389_962)
  }

  /// 269,722 with identity shortcuts (0.27 M in the paper), and two projections of 16x32 and 32x64.
  @Test func residualNetworksHaveTheParametersOfThePaper() throws {
    let model = cifarResNet(blocksPerStage: 3)
    let summary = try model.summary(input: [32, 32, 3])
    #expect(summary.parameters == 269_722 + 16 * 32 + 32 * 64)
    #expect(summary.outputShape == [10])
  }

  @Test(arguments: Catalog.entries.map(\.name))
  func everyNetworkOverfitsOneBatch(_ name: String) throws {
    let entry = try Catalog.entry(name)
    let data = Shapes.dataset(count: 16, height: 16, width: 16, channels: 1, seed: 4)
    let model = entry.build(10)
    try model.build(input: data.imageShape)
    let history = try model.fit(data, epochs: 25, batchSize: 16, optimizer: Adam(learningRate: 3e-3))
    #expect(history.last!.training.accuracy == 1)
    #expect(history.last!.training.loss < history.first!.training.loss / 4)
  }

  @Test func theCatalogSuggestsTheNearestName() {
    #expect(
      throws: NameError(kind: "model", name: "resnet", known: ["basic-cnn", "resnet20"]),
      performing: { try Catalog.entry("resnet") })
  }
}
