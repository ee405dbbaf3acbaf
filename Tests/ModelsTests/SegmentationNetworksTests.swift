import MartletTestSupport
import Testing

/// FCN, DeconvNet and U-Net: sizes, what their parts are, and that they learn.
struct SegmentationNetworksTests {
  private static let small = [[4, 4], [6], [8]]

  @Test(arguments: [(1, 1), (7, 5), (16, 24), (33, 50)], [2, 4, 8])
  func anFCNTakesPicturesOfAnySize(size: (Int, Int), stride: Int) throws {
    let model = FCN(
      classes: 3, stride: stride, stages: vggStages(widths: Self.small), head: fcnHead(units: 10))
    #expect(try model.outputShape(for: [size.0, size.1, 2]) == [size.0, size.1, 3])
    try model.build(input: [size.0, size.1, 2])
    // A model of convolutions that was built for one size runs on others.
    #expect(model(samples([2, size.1 + 1, size.0, 2], seed: 1)).shape == [2, size.1 + 1, size.0, 3])
  }

  @Test func anFCNOnAResidualNetwork() throws {
    let model = FCN(classes: 21, stride: 16, stages: resNetStages(.resNet18), head: Sequential([]))
    let summary = try model.summary(input: [70, 45, 3])
    #expect(summary.outputShape == [70, 45, 21])
    // The body without its dense layer, 1x1 classes of 512 and 256 channels, and two kernels that enlarge.
    let body = 11_689_512 - 513_000
    #expect(summary.parameters == body + 21 * (513 + 257) + 21 * 21 * (4 * 4 + 32 * 32))
  }

  /// Before any training the map of classes, enlarged, is what linear interpolation makes of the scores.
  @Test func enlargingBeginsAsInterpolation() throws {
    let model = FCN(classes: 2, stride: 8, stages: vggStages(widths: Self.small), head: fcnHead(units: 5))
    try withContext(seed: 2) { try model.build(input: [32, 32, 1]) }
    let x = samples([1, 32, 32, 1], seed: 3)
    let scores = try outputs(of: model, at: ["scores.0"], for: x)["scores.0"]!
    #expect(scores.shape == [1, 4, 4, 2])
    let found = model(x)[.all, 4..<28, 4..<28]
    let expected = scores.resized(height: 32, width: 32, interpolation: .bilinear)[.all, 4..<28, 4..<28]
    #expect(mismatch(found, [Float](expected).map(Double.init), tolerance: 1e-5) == nil)
  }

  /// What is enlarged lies where it was pooled: a bright half of the picture is bright to the half, in odd sizes too.
  @Test(arguments: [32, 37]) func classesStayInTheirPlaces(size: Int) throws {
    let model = FCN(
      classes: 1, stride: 8, stages: (0..<3).map { _ in Sequential { MaxPool2D(2, padding: .same) } },
      head: Sequential([]))
    try model.build(input: [size, size, 1])
    model.parameters.first { $0.name == "scores.0.kernel" }!.parameter.value = Tensor.ones([1, 1, 1, 1])
    let x = Tensor((0..<size * size).map { $0 / size < 16 ? Float(1) : 0 }, shape: [1, size, size, 1])
    let y = [Float](model(x))
    for row in 4..<size - 8 {
      #expect(row < 12 ? y[row * size + 16] > 0.9 : row >= 20 ? y[row * size + 16] < 0.1 : true, "row \(row)")
      #expect(row < 16 ? y[row * size + 16] > 0.5 : y[row * size + 16] < 0.5, "row \(row)")
    }
  }

  @Test(arguments: [(64, 64), (17, 21)]) func deconvNetKeepsTheSize(size: (Int, Int)) throws {
    let model = deconvNet(classes: 3, widths: [3, 4, 5, 6], middle: 7)
    #expect(try model.outputShape(for: [size.0, size.1, 2]) == [size.0, size.1, 3])
    let message = #expect(throws: ShapeError.self) { try model.outputShape(for: [15, 64, 2]) }
    #expect(message?.message.contains("pool size 2 does not fit input 1x8") == true, "\(message!)")
  }

  /// As many kernels down as up, and as wide.
  @Test func deconvNetIsItsOwnMirror() throws {
    let model = deconvNet(classes: 3, widths: [3, 4], middle: 5)
    try model.build(input: [8, 8, 2])
    let kernels = model.parameters.filter { $0.parameter.shape?.rank == 4 }.map { $0.parameter.shape!.sizes }
    #expect(
      kernels == [
        [3, 3, 2, 3], [3, 3, 3, 3], [3, 3, 3, 4], [3, 3, 4, 4], [5, 5, 4, 5], [1, 1, 5, 5], [5, 5, 4, 5],
        [3, 3, 4, 4], [3, 3, 3, 4], [3, 3, 3, 3], [3, 3, 3, 3], [1, 1, 3, 3],
      ])
  }

  @Test func aUNetSaysWhichSizesFit() throws {
    let model = UNet(classes: 2, widths: [2, 3, 4, 5])
    func refusal(_ input: Shape) -> String? {
      do {
        _ = try model.outputShape(for: input)
        return nil
      } catch { return (error as? ShapeError)?.message }
    }
    #expect(try model.outputShape(for: [24, 40, 1]) == [24, 40, 2])
    #expect(
      refusal([30, 64, 1])
        == "a UNet of 4 sizes takes pictures whose height and width divide by 8; received 30x64, and 24x64 or 32x64 "
        + "would fit")
    #expect(refusal([8, 5, 1])?.hasSuffix("received 8x5, and 8x8 would fit") == true)
    #expect(refusal([8, 1]) == "UNet needs an input (N, H, W, C); received 1x8x1")
  }

  @Test(arguments: ["fcn", "deconvnet"]) func theyLearnTheMasksOfOneBatch(name: String) throws {
    let data = Shapes(height: 17, width: 16, channels: 1, seed: 4).drawnDataset(count: 4, withMasks: true)
    let model: any Layer =
      name == "fcn"
      ? FCN(classes: 11, stride: 2, stages: vggStages(widths: [[8, 8], [16]]), head: fcnHead(units: 32))
      : deconvNet(classes: 11, widths: [8, 16], middle: 16)
    let history = try withContext(seed: 3) {
      try model.build(input: data.imageShape)
      return try model.fit(
        data, epochs: 100, batchSize: 4, optimizer: Adam(learningRate: 1e-2),
        task: Segmentation(loss: .pixels(PixelLoss(.both))))
    }
    #expect(history.last!.training.loss < history.first!.training.loss / 4)
    #expect(history.last!.training.accuracy > 0.9)
    #expect(history.last!.training["mean IoU"]! > 0.6)
  }
}
