import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

struct SoftmaxTests {
  private func definition(_ x: [Double]) -> [Double] {
    let sum = x.reduce(0) { $0 + exp($1) }
    return x.map { exp($0) / sum }
  }

  @Test func probabilities() {
    let rows = [[1.0, 2, -1], [0.5, 0.5, 3]]
    let expected = rows.flatMap(definition)
    #expect(mismatch(Tensor(rows).softmax(), expected, shape: [2, 3]) == nil)
    #expect(
      mismatch(Tensor(rows).transposed().softmax(axis: 0).transposed(), expected, shape: [2, 3]) == nil)
    #expect(mismatch(Tensor(rows).logSoftmax(), expected.map { log($0) }, shape: [2, 3]) == nil)
    #expect(mismatch(Tensor([1000, 0]).softmax(), [1, 0]) == nil)
    #expect(mismatch(Tensor([1000, 0]).logSoftmax(), [0, -1000]) == nil)
  }

  @Test func crossEntropy() {
    let rows = [[1.0, 2, -1], [0.5, 0.5, 3], [0, 0, 0]]
    let labels = Tensor([2, 0, 7] as [Int32])
    let expected = [-log(definition(rows[0])[2]), -log(definition(rows[1])[0]), 0]
    #expect(mismatch(Tensor(rows).softmaxCrossEntropy(labels: labels), expected, shape: [3]) == nil)
    let pictures = Tensor(rows).reshaped(1, 3, 1, 3).softmaxCrossEntropy(labels: labels.reshaped(1, 3, 1))
    #expect(mismatch(pictures, expected, shape: [1, 3, 1]) == nil)
  }

  @Test func errors() {
    let logits = Tensor.zeros([2, 3])
    let shapes = #expect(throws: ShapeError.self) {
      try compute { logits.softmaxCrossEntropy(labels: Tensor([1] as [Int32])) }
    }
    #expect(shapes?.message == "logits 2x3 need labels of 2; received 1")
    let types = #expect(throws: ShapeError.self) {
      try compute { logits.softmaxCrossEntropy(labels: Tensor([1, 0])) }
    }
    #expect(
      types?.message
        == "class labels are whole numbers; received float32. Cast them to int32, or pass one-hot labels of the "
        + "logits' shape")
    let axis = #expect(throws: ShapeError.self) { try compute { logits.softmax(axis: 2) } }
    #expect(axis?.message == "axis 2 is outside the shape 2x3")
  }
}

struct NormalizationTests {
  @Test func isTheDefinition() {
    let x = samples([2, 3, 2, 3], seed: 1)
    let gamma = Tensor([1, 2, -1])
    let beta = Tensor([0, 1, 2])
    let (y, mean, variance) = x.batchNormalized(gamma: gamma, beta: beta, epsilon: 0.25)
    let rows = [Float](x).map(Double.init)
    var expected = [Double](repeating: 0, count: rows.count)
    var means: [Double] = []
    var variances: [Double] = []
    for channel in 0..<3 {
      let own = stride(from: channel, to: rows.count, by: 3).map { rows[$0] }
      let m = own.reduce(0, +) / 12
      let v = own.reduce(0) { $0 + ($1 - m) * ($1 - m) } / 12
      means.append(m)
      variances.append(v)
      for index in stride(from: channel, to: rows.count, by: 3) {
        expected[index] = [1, 2, -1][channel] * (rows[index] - m) / (v + 0.25).squareRoot() + Double(channel)
      }
    }
    #expect(mismatch(y, expected, shape: x.shape) == nil)
    #expect(mismatch(mean, means, shape: [3]) == nil)
    #expect(mismatch(variance, variances, shape: [3]) == nil)
  }

  @Test func errors() {
    let error = #expect(throws: ShapeError.self) {
      try compute {
        Tensor.zeros([2, 3]).batchNormalized(gamma: Tensor([1, 1]), beta: Tensor([0, 0]), epsilon: 1).y
      }
    }
    #expect(
      error?.message
        == "batch normalisation needs an input of at least two axes, gamma and beta of its channels; received 2x3, "
        + "2, 2")
  }
}
