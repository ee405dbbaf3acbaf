import MartletTestSupport
import Testing

/// Composition, names of inner results, and use from several threads.
struct ModelTests {
  @Test func blocksWithConditions() {
    func make(_ isDeep: Bool, _ count: Int) -> Sequential {
      Sequential {
        Dense(4)
        if isDeep { Dense(5) }
        for units in 0..<count { Dense(units + 1) }
        if count > 1 { ReLU() } else { Identity() }
        [Dense(2), Dense(3)]
      }
    }
    #expect(make(false, 0).layers.map { "\($0)" } == ["Dense(4)", "Identity()", "Dense(2)", "Dense(3)"])
    #expect(
      make(true, 2).layers.map { "\($0)" } == [
        "Dense(4)", "Dense(5)", "Dense(1)", "Dense(2)", "ReLU()", "Dense(2)", "Dense(3)",
      ])
  }

  @Test func functionalWithSkipsAndSharedLayers() throws {
    let input = Node()
    let dense = Dense(2, kernelInitializer: .constant(0.5))
    let once = dense(input)
    let twice = dense(once)
    let model = Functional(from: input, to: Concatenate()(Add()(once, twice, input), Multiply()(once, input)))
    // x = (2, 4): once (3, 3), twice (3, 3).
    #expect(mismatch(model(Tensor([[2, 4]])), [8, 10, 6, 12], shape: [1, 4]) == nil)
    #expect(model.parameters.map(\.name) == ["layers.0.kernel", "layers.0.bias"])
    let (_, gradients) = try valueWithGradients(of: model) { model(Tensor([[2, 4]])).sum() }
    let check = try checkGradients(of: model) { model(Tensor([[2, 4]])).sum() }
    #expect(check.isCorrect, "\(check)")
    #expect(gradients.entries.count == 2)
    #expect(mismatch(Functional(from: input, to: input)(Tensor([[1]])), [1]) == nil)
  }

  /// What is kept about models does not keep them.
  @Test func modelsGo() throws {
    weak var model: Sequential?
    weak var inner: Layer?
    func make() throws -> Sequential {
      let model = Sequential {
        Dense(4)
        Dense(2)
      }
      try model.build(input: [3])
      return model
    }
    do {
      let made = try make()
      (model, inner) = (made, made.layers[1])
      #expect(made.parameterCount == 26)
    }
    #expect(model == nil)
    _ = try make().parameterCount
    #expect(inner == nil)
  }

  @Test func branches() {
    let x = Tensor([[1, -2]])
    let add = Add {
      Identity()
      ReLU()
    }
    #expect(mismatch(add(x), [2, -2]) == nil)
    let concatenate = Concatenate {
      Identity()
      ReLU()
    }
    #expect(mismatch(concatenate(x), [1, -2, 1, 0]) == nil)
    #expect(mismatch(Add()(x, x, x), [3, -6]) == nil)
    #expect(mismatch(Multiply()([x, x]), [1, 4]) == nil)
  }

  @Test func innerOutputs() throws {
    let model = Sequential {
      Dense(2, kernelInitializer: .ones)
      Sequential { ReLU() }
      Dense(1, kernelInitializer: .ones)
    }
    let x = Tensor([[1, 2]])
    let found = try outputs(of: model, at: ["layers.0", "layers.1.layers.0"], for: x)
    #expect(mismatch(found["layers.0"]!, [3, 3], shape: [1, 2]) == nil)
    #expect(mismatch(found["layers.1.layers.0"]!, [3, 3]) == nil)
    let error = #expect(throws: ShapeError.self) { try outputs(of: model, at: ["layers.7"], for: x) }
    #expect(
      error?.message
        == "no layer is called layers.7; the model has layers.0, layers.1, layers.1.layers.0, layers.2")
  }

  @Test func pictures() {
    let x = Tensor([[1, 2], [3, 4]]).reshaped(1, 2, 2, 1)
    #expect(mismatch(UpSampling2D()(x)[0, 0], [1, 1, 2, 2], shape: [4, 1]) == nil)
    let smooth = UpSampling2D(2, interpolation: .bilinear)(x)
    #expect(mismatch(smooth[0, 0], [1, 1.25, 1.75, 2]) == nil)
    #expect(mismatch(smooth[0, 1], [1.5, 1.75, 2.25, 2.5]) == nil)
    #expect(mismatch(ZeroPadding2D(1)(x)[0, 1], [0, 1, 2, 0]) == nil)
    #expect(mismatch(Cropping2D(height: .init(1, 0), width: .init(0, 1))(x), [3]) == nil)
    #expect(mismatch(GlobalMaxPooling2D()(x), [4], shape: [1, 1]) == nil)
    #expect(mismatch(GlobalAveragePooling2D()(x), [2.5], shape: [1, 1]) == nil)
    #expect(mismatch(Permute([2, 1, 3])(x), [1, 3, 2, 4], shape: [1, 2, 2, 1]) == nil)
    let slopes = PReLU(alphaInitializer: .constant(0.5))
    #expect(mismatch(slopes(Tensor([[-2, 2]])), [-1, 2]) == nil)
  }

  /// A model that only computes may be used from several threads.
  struct Shared: @unchecked Sendable { let model: any Layer }

  @Test func severalThreads() async throws {
    let model = Sequential {
      Conv2D(4, kernelSize: 3, activation: .relu)
      BatchNormalization()
      Flatten()
      Dense(3)
    }
    try model.build(input: [6, 6, 1])
    let shared = Shared(model: model)
    let results = await withTaskGroup(of: (Int, [Float]).self) { group in
      for index in 0..<6 {
        group.addTask {
          let y = try? compute { () -> Tensor in
            shared.model(samples([2, 6, 6, 1], seed: UInt64(index))).softmax()
          }
          return (index, y.map { [Float]($0) } ?? [])
        }
      }
      return await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
    }
    for index in 0..<6 {
      #expect(results[index] == [Float](model(samples([2, 6, 6, 1], seed: UInt64(index))).softmax()))
    }
  }

  /// Each thread trains a model of its own, as it would alone.
  @Test func trainingOnSeveralThreads() async throws {
    @Sendable func train(_ seed: UInt64) -> [Float] {
      withContext(seed: seed) {
        let model = Sequential {
          Dense(4, activation: .tanh)
          BatchNormalization()
          Dropout(0.25)
          Dense(1)
        }
        let x = samples([6, 3], seed: seed)
        var losses: [Float] = []
        for _ in 0..<5 {
          guard
            let (loss, gradients) = try? valueWithGradients(of: model, { model(x).squared().mean() })
          else { return [] }
          losses += [Float](loss)
          for (parameter, gradient) in gradients.entries {
            parameter.value = parameter.value - gradient * 0.1
          }
        }
        return losses
      }
    }
    let results = await withTaskGroup(of: (UInt64, [Float]).self) { group in
      for seed in UInt64(0)..<4 { group.addTask { (seed, train(seed)) } }
      return await group.reduce(into: [UInt64: [Float]]()) { $0[$1.0] = $1.1 }
    }
    for seed in UInt64(0)..<4 {
      #expect(results[seed]?.count == 5)
      #expect(results[seed] == train(seed))
    }
  }
}
