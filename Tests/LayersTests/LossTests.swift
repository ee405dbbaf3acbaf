import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

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
  }

  @Test func labelSmoothing() {
    let targets = [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]
    let expected = zip(rows, targets).map { row, target in
      -zip(logSoftmax(row), target).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let labels = Tensor([2, 0] as [Int32])
    let logits = Tensor(rows)
    #expect(
      mismatch(
        softmaxCrossEntropies(logits: logits, labels: labels, labelSmoothing: 0.3), expected, shape: [2])
        == nil)
    #expect(
      mismatch(softmaxCrossEntropies(logits: logits, labels: labels.oneHot(3), labelSmoothing: 0.3), expected)
        == nil)
  }

  @Test func sigmoids() {
    let z = [[2.0, -30, 0]]
    let t = [[1.0, 0, 0.25]]
    let expected = zip(z[0], t[0]).map { z, t in
      max(z, 0) - z * t + log(1 + exp(-abs(z)))
    }
    #expect(mismatch(sigmoidCrossEntropies(logits: Tensor(z), labels: Tensor(t)), expected) == nil)
    let mean = expected.reduce(0, +) / 3
    #expect(mismatch(sigmoidCrossEntropy(logits: Tensor(z), labels: Tensor(t)), [mean], shape: []) == nil)
    let smoothed = sigmoidCrossEntropies(logits: Tensor([[0]]), labels: Tensor([[1]]), labelSmoothing: 0.2)
    #expect(mismatch(smoothed, [log(2)]) == nil)
  }

  @Test func squares() {
    #expect(mismatch(meanSquaredError(Tensor([[1, 2]]), Tensor([[3, 5]])), [6.5], shape: []) == nil)
    let error = #expect(throws: ShapeError.self) {
      try compute { meanSquaredError(Tensor([1]), Tensor([[1]])) }
    }
    #expect(error?.message == "predictions 1 need targets of that shape; received 1x1")
    let labels = #expect(throws: ShapeError.self) {
      try compute { sigmoidCrossEntropy(logits: Tensor([[1]]), labels: Tensor([1, 2])) }
    }
    #expect(labels?.message == "logits 1x1 need labels of that shape; received 2")
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
