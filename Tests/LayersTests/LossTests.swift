import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The reference cases hold most losses; here are the others by definition, and what is refused.
struct LossTests {
  let rows = [[1.0, 2, -1], [0.5, 0.5, 3]]

  private func logSoftmax(_ x: [Double]) -> [Double] {
    let sum = log(x.reduce(0) { $0 + exp($1) })
    return x.map { $0 - sum }
  }

  @Test func crossEntropyOfClasses() {
    let expected = -(logSoftmax(rows[0])[2] + logSoftmax(rows[1])[0]) / 2
    let labels = Tensor([2, 0] as [Int32])
    #expect(mismatch(softmaxCrossEntropy(logits: Tensor(rows), labels: labels), [expected], shape: []) == nil)
    #expect(
      mismatch(softmaxCrossEntropy(logits: Tensor(rows), labels: labels.cast(to: .uint8)), [expected]) == nil)
    #expect(mismatch(softmaxCrossEntropy(logits: Tensor(rows), labels: labels.oneHot(3)), [expected]) == nil)
    let probabilities = Loss.sparseCategoricalCrossentropy()
    #expect(mismatch(probabilities(Tensor(rows).softmax(), labels), [expected], shape: []) == nil)
  }

  @Test func sampleWeightsMultiplyAndDoNotDivide() {
    let each = [-logSoftmax(rows[0])[2], -logSoftmax(rows[1])[0]]
    let loss = Loss.sparseCategoricalCrossentropy(fromLogits: true)
    let labels = Tensor([2, 0] as [Int32])
    let weighted = loss(Tensor(rows), labels, sampleWeights: Tensor([3, 0.5]))
    #expect(mismatch(weighted, [(3 * each[0] + 0.5 * each[1]) / 2], shape: []) == nil)
    // A weight for each picture holds for all of its pixels.
    let pixels = Tensor([rows, rows])
    let weights = loss(pixels, Tensor([[2, 0], [2, 0]] as [[Int32]]), sampleWeights: Tensor([1, 3]))
    #expect(mismatch(weights, [each[0] + each[1]], shape: []) == nil)
  }

  @Test func formulas() {
    let (y, t) = ([0.5, -2, 3.0], [1.0, -0.5, 2])
    func mean(_ each: (Double, Double) -> Double) -> [Double] { [zip(y, t).map(each).reduce(0, +) / 3] }
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let cases: [(Loss, [Double])] = [
      (.meanSquaredError, mean { ($0 - $1) * ($0 - $1) }), (.meanAbsoluteError, mean { abs($0 - $1) }),
      (.meanAbsolutePercentageError, mean { 100 * abs(($0 - $1) / $1) }),
      (.meanSquaredLogarithmicError, mean { pow(log(max($0, 1e-7) + 1) - log(max($1, 1e-7) + 1), 2) }),
      (.huber(delta: 0.7), mean { abs($0 - $1) < 0.7 ? pow($0 - $1, 2) / 2 : 0.7 * (abs($0 - $1) - 0.35) }),
      (.logCosh, mean { log(cosh($0 - $1)) }), (.hinge, mean { max(1 - $1 * $0, 0) }),
      (.squaredHinge, mean { pow(max(1 - $1 * $0, 0), 2) }),
      (.cosineSimilarity, [-zip(y, t).reduce(0) { $0 + $1.0 * $1.1 } / norm(y) / norm(t)]),
      (.custom("cubes") { (($0 - $1) * ($0 - $1) * ($0 - $1)).mean(axes: -1) }, mean { pow($0 - $1, 3) }),
    ]
    for (loss, expected) in cases {
      #expect(mismatch(loss.perSample(Tensor([y]), Tensor([t])), expected, shape: [1]) == nil, "\(loss)")
    }
    let counts = Loss.poisson.perSample(Tensor([[0.5, 2]]), Tensor([[1, 3]]))
    #expect(mismatch(counts, [(0.5 - log(0.5) + 2 - 3 * log(2)) / 2]) == nil)
    // One number a sample meets outputs of one column.
    #expect(mismatch(Loss.meanSquaredError(Tensor([[1], [3]]), Tensor([0, 1])), [2.5], shape: []) == nil)
    // Far from zero as well.
    #expect(mismatch(Loss.logCosh(Tensor([[200]]), Tensor([[-100]])), [300 - log(2)]) == nil)
  }

  @Test func derivatives() throws {
    let (y, t) = (
      Tensor([[0.3, 0.2, 0.9], [0.6, 0.1, 0.4]]), Tensor([[0.1, 0.7, 0.2], [0.8, 0.05, 0.15]])
    )
    let losses: [Loss] = [
      .categoricalCrossentropy(), .categoricalCrossentropy(fromLogits: true, labelSmoothing: 0.1),
      .binaryCrossentropy(), .binaryCrossentropy(fromLogits: true), .klDivergence, .meanSquaredError,
      .meanAbsoluteError, .meanAbsolutePercentageError, .meanSquaredLogarithmicError, .huber(delta: 0.3),
      .logCosh, .hinge, .squaredHinge, .poisson, .cosineSimilarity,
    ]
    for loss in losses {
      let report = try checkGradients(at: [y], step: 2e-3, tolerance: 1e-2) { loss($0[0], t) }
      #expect(report.isCorrect, "\(loss): \(report)")
    }
  }

  /// The lectures' own model ends in softmax and meets a loss of logits.
  @Test func aSoftmaxBeforeALossOfLogitsIsRefusedWithBothWaysOut() throws {
    let labels = Tensor([1, 0] as [Int32])
    func message(_ loss: Loss, _ activation: ActivationFunction, targets: Tensor? = nil) throws -> String? {
      let model = Sequential {
        Flatten()
        Dense(3, activation: activation)
      }
      try model.build(input: [2, 2])
      do {
        _ = try valueWithGradients(of: model) { loss(model(Tensor.ones([2, 2, 2])), targets ?? labels) }
        return nil
      } catch let error as ShapeError { return error.message }
    }
    let (hot, logits) = (labels.oneHot(3), Loss.sparseCategoricalCrossentropy(fromLogits: true))
    #expect(
      try message(logits, .softmax)
        == "layers.1 (Dense) ends in softmax, and .sparseCategoricalCrossentropy(fromLogits: true) takes the numbers "
        + "before it: leave out activation: .softmax there, or take "
        + ".sparseCategoricalCrossentropy(fromLogits: false)")
    #expect(
      try message(.sparseCategoricalCrossentropy(), .linear)
        == "layers.1 (Dense) ends in no activation, and .sparseCategoricalCrossentropy(fromLogits: false) takes "
        + "probabilities: add activation: .softmax there, or take "
        + ".sparseCategoricalCrossentropy(fromLogits: true)")
    #expect(
      try message(.binaryCrossentropy(fromLogits: true, labelSmoothing: 0.1), .sigmoid, targets: hot)
        == "layers.1 (Dense) ends in sigmoid, and .binaryCrossentropy(fromLogits: true, labelSmoothing: 0.1) takes the "
        + "numbers before it: leave out activation: .sigmoid there, or take "
        + ".binaryCrossentropy(fromLogits: false, labelSmoothing: 0.1)")
    #expect(try message(logits, .linear) == nil)
    #expect(try message(.sparseCategoricalCrossentropy(), .softmax) == nil)
    // The softmax of logarithms of probabilities is the probabilities.
    #expect(try message(logits, .logSoftmax) == nil)
    #expect(try message(.meanSquaredError, .softmax, targets: hot) == nil)
  }

  @Test func whatDoesNotFitSaysWhatWould() {
    func message(_ body: () -> Tensor) -> String? {
      (#expect(throws: ShapeError.self) { try compute { body() } })?.message
    }
    let z = Tensor([[1, 2], [3, 4], [5, 6]])
    #expect(
      message { Loss.meanSquaredError(Tensor([1]), Tensor([[1]])) }
        == ".meanSquaredError takes targets of the outputs' shape 1; received 1x1")
    #expect(
      message { Loss.sparseCategoricalCrossentropy(fromLogits: true)(z, z) }
        == ".sparseCategoricalCrossentropy(fromLogits: true) takes whole class numbers 3 for outputs 3x2; received 3x2 "
        + "float32. Probabilities of the outputs' shape are for .categoricalCrossentropy")
    #expect(
      message { Loss.categoricalCrossentropy()(z, Tensor([1, 0, 1] as [Int32])) }
        == ".categoricalCrossentropy(fromLogits: false) takes targets of the outputs' shape 3x2; received 3. Class "
        + "numbers are for .sparseCategoricalCrossentropy")
    #expect(
      message { Loss.meanSquaredError(z, z, sampleWeights: Tensor([1, 2])) }
        == "there is one weight for each sample; received weights 2 for losses 3")
  }
}

/// Activations beside their formulas in Double.
struct ActivationTests {
  static func softplus(_ x: Double) -> Double { log(1 + exp(x)) }
  struct Case: Sendable, CustomTestStringConvertible {
    let activation: ActivationFunction
    let definition: @Sendable (Double) -> Double
    var testDescription: String { "\(activation)" }
    init(_ activation: ActivationFunction, _ definition: @escaping @Sendable (Double) -> Double) {
      self.activation = activation
      self.definition = definition
    }
  }
  static let cases = [
    Case(.linear) { $0 },
    Case(.relu) { max($0, 0) },
    Case(.relu6) { min(max($0, 0), 6) },
    Case(.leakyRelu()) { $0 > 0 ? $0 : 0.2 * $0 },
    Case(.leakyRelu(slope: 0.01)) { $0 > 0 ? $0 : 0.01 * $0 },
    Case(.elu()) { $0 > 0 ? $0 : exp($0) - 1 },
    Case(.elu(alpha: 2)) { $0 > 0 ? $0 : 2 * (exp($0) - 1) },
    Case(.selu) { 1.050_700_987_4 * ($0 > 0 ? $0 : 1.673_263_242_4 * (exp($0) - 1)) },
    Case(.gelu()) { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) },
    Case(.gelu(approximate: true)) {
      0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044_715 * $0 * $0 * $0)))
    },
    Case(.sigmoid) { 1 / (1 + exp(-$0)) },
    Case(.tanh) { tanh($0) },
    Case(.softplus) { softplus($0) },
    Case(.softsign) { $0 / (1 + abs($0)) },
    Case(.silu) { $0 / (1 + exp(-$0)) },
    Case(.mish) { $0 * tanh(softplus($0)) },
    Case(.exponential) { exp($0) },
    Case(.hardSigmoid) { min(max($0 / 6 + 0.5, 0), 1) },
  ]

  @Test(arguments: cases) func isTheDefinition(example: Case) throws {
    let x: [Float] = [-9, -3, -1.5, -0.5, 0, 0.25, 1, 2.5, 5, 7]
    let expected = x.map { example.definition(Double($0)) }
    #expect(mismatch(example.activation(Tensor(x)), expected, tolerance: 2e-6) == nil)
    // Fused into a dense layer it gives the same.
    let dense = Dense(1, activation: example.activation, kernelInitializer: .ones)
    #expect(mismatch(dense(Tensor(x).reshaped(-1, 1)), expected, tolerance: 2e-6) == nil)
  }

  /// First and second order, away from kinks.
  @Test(arguments: cases.map(\.activation) + [.softmax, .logSoftmax])
  func derivatives(activation: ActivationFunction) throws {
    let x = Tensor([[-1.7, -0.8, 0.3], [0.9, 1.6, 2.4]])
    let first = try checkGradients(at: [x], step: 4e-3, tolerance: 4e-3) { activation($0[0]) }
    #expect(first.isCorrect, "\(first)")
    let second = try checkGradients(at: [x], step: 4e-3, tolerance: 1e-2) { xs in
      try valueWithGradient(at: xs[0]) { activation($0).squared().sum() }.gradient
    }
    #expect(second.isCorrect, "\(second)")
  }

  @Test func reluWithOptions() {
    let x = Tensor([-2, 0.5, 1, 8])
    #expect(mismatch(ReLU(maxValue: 6)(x), [0, 0.5, 1, 6]) == nil)
    #expect(mismatch(ReLU(maxValue: 6, negativeSlope: 0.5, threshold: 1)(x), [-1.5, -0.25, 1, 6]) == nil)
  }
}
