import MartletTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// By definition, in Double, over two pictures of 2x3 pixels.
struct PixelLossTests {
  private let classes = 3
  private let weights: [Float] = [0.5, 2, 1]
  private let labels: [[Int32]] = [[0, 1, 1, 2, 0, 0], [2, 2, 0, 2, 2, 0]]

  private var logits: Tensor { distinctSamples([2, 2, 3, 3], seed: 4, low: -2, high: 2) }
  private var truth: Tensor { Tensor(labels.flatMap { $0 }, shape: [2, 2, 3]) }

  private func probabilities(_ picture: Int, _ pixel: Int) -> [Double] {
    let row = [Float](logits)[((picture * 6) + pixel) * 3..<((picture * 6) + pixel + 1) * 3].map {
      exp(Double($0))
    }
    return row.map { $0 / row.reduce(0, +) }
  }

  private func pixels(_ picture: Int, ignoring ignored: Int?) -> [Int] {
    (0..<6).filter { Int(labels[picture][$0]) != ignored }
  }

  private func crossEntropy(ignoring ignored: Int?, _ weights: [Float]) -> Double {
    var (sum, count) = (0.0, 0)
    for picture in 0..<2 {
      for pixel in pixels(picture, ignoring: ignored) {
        let label = Int(labels[picture][pixel])
        sum -= Double(weights[label]) * log(probabilities(picture, pixel)[label])
        count += 1
      }
    }
    return sum / Double(count)
  }

  private func dice(_ picture: Int, ignoring ignored: Int?, _ weights: [Float]) -> Double {
    var (sum, all) = (0.0, 0.0)
    for index in 0..<classes {
      var (overlap, squares, present) = (0.0, 0.0, 0)
      for pixel in pixels(picture, ignoring: ignored) {
        let p = probabilities(picture, pixel)[index]
        let isTruth = Int(labels[picture][pixel]) == index
        overlap += isTruth ? p : 0
        squares += p * p + (isTruth ? 1 : 0)
        present += isTruth ? 1 : 0
      }
      guard present > 0 else { continue }
      sum += Double(weights[index]) * (1 - 2 * overlap / squares)
      all += Double(weights[index])
    }
    return sum / all
  }

  @Test(arguments: [nil, 0, 2]) func isTheDefinition(ignored: Int?) {
    for weights in [[], weights] {
      let each = weights.isEmpty ? [1, 1, 1] : weights
      let entropy = crossEntropy(ignoring: ignored, each)
      let overlaps = (0..<2).map { dice($0, ignoring: ignored, each) }
      func loss(_ kind: PixelLoss.Kind) -> Loss {
        .pixels(PixelLoss(kind, ignoreClass: ignored, classWeights: weights))
      }
      #expect(mismatch(loss(.crossEntropy)(logits, truth), [entropy], shape: []) == nil)
      #expect(mismatch(loss(.dice).perSample(logits, truth), overlaps, shape: [2]) == nil)
      #expect(
        mismatch(loss(.both)(logits, truth), [entropy + overlaps.reduce(0, +) / 2], shape: []) == nil)
    }
  }

  /// Without options it is the usual loss; a label beside the classes is as one that is ignored.
  @Test func numbersThatAreNoClassCountNowhere() {
    let usual = Loss.sparseCategoricalCrossentropy(fromLogits: true)(logits, truth)
    #expect(
      mismatch(Loss.pixels(PixelLoss())(logits, truth), [Double([Float](usual)[0])], tolerance: 1e-6) == nil)
    let unlabelled = Tensor(labels.flatMap { $0.map { $0 == 0 ? 255 : $0 } }, shape: [2, 2, 3])
    for kind in PixelLoss.Kind.allCases {
      let ignoring = Loss.pixels(PixelLoss(kind, ignoreClass: 0)).perSample(logits, truth)
      let beside = Loss.pixels(PixelLoss(kind, ignoreClass: 255)).perSample(logits, unlabelled)
      #expect([Float](ignoring) == [Float](beside))
      // Nothing to learn from is no loss.
      let none = Tensor([Int32](repeating: 255, count: 12), shape: [2, 2, 3])
      #expect([Float](Loss.pixels(PixelLoss(kind)).perSample(logits, none)) == [0, 0])
    }
  }

  @Test(arguments: PixelLoss.Kind.allCases) func derivatives(kind: PixelLoss.Kind) throws {
    for ignored in [nil, 1] {
      let loss = Loss.pixels(PixelLoss(kind, ignoreClass: ignored, classWeights: weights))
      let report = try checkGradients(at: [logits], step: 2e-3, tolerance: 1e-2) { loss($0[0], truth) }
      #expect(report.isCorrect, "\(loss): \(report)")
    }
  }

  @Test func saysWhatDoesNotFit() throws {
    let model = Sequential { Conv2D(3, kernelSize: 1, activation: .softmax) }
    try model.build(input: [2, 3, 1])
    func message(_ loss: Loss, _ outputs: Tensor) -> String {
      do {
        _ = try compute { loss(outputs, truth) }
        return ""
      } catch { return (error as? ShapeError)?.message ?? "\(error)" }
    }
    #expect(
      message(.pixels(PixelLoss(.dice, classWeights: [1, 2])), logits)
        == "there is one weight for each of 3 classes; received 2")
    #expect(
      message(.pixels(PixelLoss(.both, ignoreClass: 2)), logits[.all, 0..<1])
        == ".pixels(PixelLoss(.both, ignoreClass: 2)) takes whole class numbers 2x1x3 for outputs 2x1x3x3; received "
        + "2x2x3 int32. Probabilities of the outputs' shape are for .categoricalCrossentropy")
    let error = #expect(throws: ShapeError.self) {
      _ = try valueWithGradients(of: model) {
        Loss.pixels(PixelLoss())(model(Tensor.ones([2, 2, 3, 1])), truth)
      }
    }
    #expect(
      error?.message
        == "layers.0 (Conv2D) ends in softmax, and .pixels(PixelLoss(.crossEntropy)) takes the numbers before it: leave "
        + "out activation: .softmax there")
  }
}
