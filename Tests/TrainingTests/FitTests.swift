import MartletTestSupport
import Testing

@Suite struct FitTests {
  private func model(seed: UInt64 = 1) throws -> Sequential {
    let model = Sequential {
      Conv2D(8, kernelSize: 3, activation: .relu)
      BatchNormalization()
      MaxPool2D(2)
      Flatten()
      Dropout(0.1)
      Dense(10)
    }
    try withContext(seed: seed) { try model.build(input: [12, 12, 1]) }
    return model
  }
  private let data = Shapes.dataset(count: 70, height: 12, width: 12, channels: 1, seed: 9)

  private func trained(epochs: Int = 2, steps: Int? = nil, immediate: Bool = false) throws -> (
    Sequential, History
  ) {
    let model = try model()
    let history = try withContext(seed: 5, immediate: immediate) {
      try model.fit(
        data, validation: data.prefix(20), epochs: epochs, batchSize: 32, steps: steps, optimizer: Adam(),
        seed: 2)
    }
    return (model, history)
  }

  @Test func theSameSeedGivesTheSameWeights() throws {
    #expect(try trained().0.weightsHash() == trained().0.weightsHash())
  }

  @Test func plannedAndImmediateModeAgreeBitForBit() throws {
    let (planned, immediate) = (try trained(), try trained(immediate: true))
    #expect(try planned.0.weightsHash() == immediate.0.weightsHash())
    #expect(planned.1.map(\.training) == immediate.1.map(\.training))
  }

  @Test func epochsCoverEveryPictureAndStepsEndThem() throws {
    let (_, history) = try trained(epochs: 3)
    #expect(history.map(\.steps) == [3, 6, 9])
    #expect(history.allSatisfy { $0.training.count == 70 && $0.validation?.count == 20 })
    let (_, short) = try trained(epochs: 3, steps: 4)
    #expect(short.map(\.steps) == [3, 4])
    #expect(short[1].training.count == 32)
  }

  @Test func weightsReturnFromTheirFile() throws {
    let folder = try temporaryFolder()
    let file = folder.appending("weights.safetensors")
    let (trained, _) = try trained(epochs: 1)
    try trained.save(to: file)
    let other = try model(seed: 77)
    #expect(try other.weightsHash() != trained.weightsHash())
    try other.load(from: file)
    #expect(try other.weightsHash() == trained.weightsHash())
    let images = try Tensor(data.prefix(4).images)
    #expect(
      try [Float](compute { other(Classification.input(images)) })
        == [Float](compute { trained(Classification.input(images)) }))
  }

  @Test func foreignWeightsAreNamedAndChangeNothing() throws {
    let file = try temporaryFolder().appending("weights.safetensors")
    let model = try model()
    let before = try model.weightsHash()
    var weights = try model.weights()
    weights["layers.0.bias"] = nil
    weights["layers.9.kernel"] = HostArray([1] as [Float])
    weights["layers.5.bias"] = HostArray([1, 2] as [Float])
    try Safetensors.write(weights, to: file)
    let error = #expect(throws: WeightsError.self) { try model.load(from: file) }
    #expect(
      error?.description == "\(file) does not fit the model: it lacks layers.0.bias; the model has no "
        + "layers.9.kernel; layers.5.bias is [2] F32 in the file and [10] here. Take the weights of this model"
    )
    #expect(try model.weightsHash() == before)
  }
}
