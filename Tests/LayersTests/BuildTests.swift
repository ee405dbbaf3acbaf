import MartletTestSupport
import Testing

func basicCNN() -> Sequential {
  Sequential {
    Conv2D(32, kernelSize: 3, activation: .relu)
    MaxPool2D(2)
    Conv2D(64, kernelSize: 3, activation: .relu)
    MaxPool2D(2)
    Flatten()
    Dense(1024, activation: .relu)
    Dense(10)
  }
}

struct BuildTests {
  @Test(arguments: [([28, 28, 1], 1_668_490), ([32, 32, 3], 2_389_962)] as [(Shape, Int)])
  func parametersOfTheBasicNetwork(input: Shape, count: Int) throws {
    let model = basicCNN()
    let summary = try model.summary(input: input)
    #expect(summary.parameters == count)
    #expect(summary.trainableParameters == count)
    #expect(summary.outputShape == [10])
    // Nothing was allocated.
    #expect(model.parameters.allSatisfy { $0.parameter.shape == nil })
  }

  @Test func names() throws {
    let model = basicCNN()
    #expect(
      model.parameters.map(\.name) == [
        "layers.0.kernel", "layers.0.bias", "layers.2.kernel", "layers.2.bias", "layers.5.kernel",
        "layers.5.bias", "layers.6.kernel", "layers.6.bias",
      ])
  }

  final class Zoo: Layer {
    let first = Dense(3)
    let list: [any Layer] = [Dense(3), ReLU()]
    let table = ["b": Dense(3), "a": Dense(3)]
    let maybe: Dense? = Dense(3)
    let none: Dense? = nil
    let pair = (left: Dense(3), right: 5)
    let scale = Parameter(.ones)
    let again: Dense
    init() { again = first }
    func forward(_ x: Tensor) -> Tensor {
      let y = table["a"]!(table["b"]!(list[0](again(first(x)))))
      return pair.left(maybe!(y)) * scale([3])
    }
  }

  @Test func namesOfEveryKindOfProperty() throws {
    let zoo = Zoo()
    #expect(
      zoo.parameters.map(\.name) == [
        "first.kernel", "first.bias", "list.0.kernel", "list.0.bias", "table.a.kernel", "table.a.bias",
        "table.b.kernel", "table.b.bias", "maybe.kernel", "maybe.bias", "pair.left.kernel", "pair.left.bias",
        "scale",
      ])
    try zoo.build(input: [3])
    #expect(zoo.first.kernel.name == "first.kernel")
    #expect(zoo.parameterCount == 6 * 12 + 3)
    #expect(try zoo.summary(input: [3]).rows.filter(\.isShared).map(\.path) == ["first"])
  }

  class Base: Layer {
    let inner = Dense(2)
    func forward(_ x: Tensor) -> Tensor { inner(x) }
  }
  final class Derived: Base {
    let outer = Dense(4)
    override func forward(_ x: Tensor) -> Tensor { outer(inner(x)) }
  }

  @Test func propertiesOfSuperclasses() throws {
    let model = Derived()
    #expect(
      Set(model.parameters.map(\.name)) == ["outer.kernel", "outer.bias", "inner.kernel", "inner.bias"])
    #expect(model(Tensor([[1, 2, 3]])).shape == [1, 4])
  }

  final class Circle {
    var other: Circle?
    let dense = Dense(2)
  }
  final class Round: Layer {
    let circle = Circle()
    init() { circle.other = circle }
    func forward(_ x: Tensor) -> Tensor { circle.dense(x) }
  }

  @Test func objectsThatReferToEachOther() {
    #expect(Round().parameters.map(\.name) == ["circle.dense.kernel", "circle.dense.bias"])
  }

  final class Hiding: Layer {
    let body: @Sendable (Tensor) -> Tensor
    init() {
      nonisolated(unsafe) let dense = Dense(2)
      body = { dense($0) }
    }
    func forward(_ x: Tensor) -> Tensor { body(x) }
  }

  @Test func hiddenParametersAreNamed() {
    let error = #expect(throws: ShapeError.self) { try Hiding().build(input: [3]) }
    #expect(
      error?.message
        == "parameters were used that the model's stored properties do not hold: kernel of 3x2, bias of 2; keep them, "
        + "or the layers that own them, in stored properties")
  }

  final class Idle: Layer {
    let dense = Dense(2)
    func forward(_ x: Tensor) -> Tensor { x }
  }

  @Test func parametersThatNobodyReads() {
    let error = #expect(throws: ShapeError.self) { try Idle().build(input: [3]) }
    #expect(error?.message == "dense.kernel was not used when the model ran, so its shape is unknown")
  }

  @Test func firstCallBuilds() throws {
    let model = Dense(2)
    #expect(model(Tensor([[1, 2, 3]])).shape == [1, 2])
    #expect(model.kernel.shape == [3, 2])
    let inside = Sequential {
      Dense(3)
      BatchNormalization()
    }
    let y = try compute { inside(Tensor([[1, 2]])) }
    #expect(y.shape == [1, 3])
    #expect(inside.parameterCount == 9 + 6)
  }

  @Test func buildingAgainKeepsValues() throws {
    let model = Dense(2)
    try model.build(input: [3])
    model.kernel.value = Tensor.ones([3, 2])
    try model.build(input: [3])
    #expect(mismatch(model.kernel.value, [1, 1, 1, 1, 1, 1]) == nil)
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    let message: String
    let layer: String
    let input: Shape
    let make: @Sendable () -> any Layer
    var testDescription: String { message }
  }
  static let failures = [
    Failure(
      message:
        "kernel 5 does not fit input 4x4 with padding .valid; the smallest input is 5x5, or use padding: .same",
      layer: "layers.1 (Conv2D)", input: [4, 4, 1]
    ) {
      Sequential {
        ReLU()
        Conv2D(2, kernelSize: 5)
        Conv2D(2, kernelSize: 9)
      }
    },
    Failure(
      message: "channels and filters must divide by groups; received 3 channels, 4 filters, groups 2",
      layer: "Conv2D", input: [4, 4, 3]
    ) { Conv2D(4, kernelSize: 3, groups: 2) },
    Failure(message: "Conv2D needs an input (N, H, W, C); received 1x7", layer: "Conv2D", input: [7]) {
      Conv2D(4, kernelSize: 3)
    },
    Failure(message: "kernelSize [3, 3, 3] must be one number or two", layer: "Conv2D", input: [7, 7, 1]) {
      Conv2D(4, kernelSize: [3, 3, 3])
    },
    Failure(
      message: "Conv2DTranspose needs an input (N, H, W, C); received 1x7", layer: "Conv2DTranspose",
      input: [7]
    ) { Conv2DTranspose(4, kernelSize: 3) },
    Failure(message: "Dense needs an input (N, ..., features); received 1", layer: "Dense", input: []) {
      Dense(1)
    },
    Failure(
      message: "1x2x3 has 6 elements and cannot be reshaped to [1, 4]", layer: "layers.0 (Reshape)",
      input: [2, 3]
    ) { Sequential { Reshape([4]) } },
    Failure(
      message: "BatchNormalization needs an input (N, ..., C); received 1", layer: "BatchNormalization",
      input: []
    ) { BatchNormalization() },
    Failure(
      message: "cropping 2+2 rows and 0+0 columns leaves nothing of 1x4x4x1", layer: "Cropping2D",
      input: [4, 4, 1]
    ) { Cropping2D(height: .init(2, 2), width: .init(0, 0)) },
    Failure(
      message:
        "concatenation along axis 3 needs equal types and sizes elsewhere; received 1x4x4x1 float32, 1x2x2x1 float32",
      layer: "Concatenate", input: [4, 4, 1]
    ) {
      Concatenate {
        Identity()
        MaxPool2D(2)
      }
    },
  ]

  @Test(arguments: failures) func errorsNameTheLayer(failure: Failure) {
    let error = #expect(throws: ShapeError.self) { try failure.make().build(input: failure.input) }
    #expect(error?.message == failure.message)
    #expect(error?.layer == failure.layer)
  }

  @Test func inputsOfAnotherShape() throws {
    let model = Sequential {
      Dense(3)
      BatchNormalization()
    }
    try model.build(input: [2])
    let wrong = #expect(throws: ShapeError.self) {
      try compute(phase: .training) { model(Tensor([[1, 2, 3]])) }
    }
    #expect(wrong?.message == "layers.0.kernel is 2x3, and this input asks for 3x3")
    #expect(wrong?.layer == "layers.0 (Dense)")
    let norm = BatchNormalization()
    try norm.build(input: [2])
    let states = #expect(throws: ShapeError.self) {
      try compute(phase: .training) { norm(Tensor([[1, 2, 3]])) }
    }
    #expect(states?.message == "gamma is 2, and this input asks for 3")
    let again = #expect(throws: ShapeError.self) { try norm.summary(input: [3]) }
    #expect(again?.message == "gamma is 2, and this input asks for 3")
  }

  @Test func anErrorInAModelThatIsBuiltInAScope() {
    let model = Sequential {
      BatchNormalization()
      Conv2D(1, kernelSize: 9)
    }
    let error = #expect(throws: ShapeError.self) { try compute { model(Tensor.zeros([1, 4, 4, 1])) } }
    #expect(error?.layer == "layers.1 (Conv2D)")
    let later = #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        let x = Tensor.zeros([2]).reshaped(3)
        return Sequential { BatchNormalization() }(x.reshaped(1, 4, 4, 1))
      }
    }
    #expect(later?.message == "2 has 2 elements and cannot be reshaped to [3]")
  }

  final class Noisy: Layer {
    let scale = Parameter(.ones)
    func forward(_ x: Tensor) -> Tensor { x + Tensor.randomNormal(x.shape) * scale([1]) }
  }

  @Test func aDryRunDrawsNoRandomNumbers() throws {
    let x = Tensor.zeros([2, 3])
    func result(isBuilt: Bool) throws -> [Float] {
      try withContext(seed: 1) {
        let model = Noisy()
        if isBuilt { try model.build(input: [3]) }
        _ = try model.summary(input: [3])
        return [Float](model(x))
      }
    }
    #expect(try result(isBuilt: true) == result(isBuilt: false))
  }
}
