import MartletTestSupport
import Testing

@Suite struct MetricsTests {
  private let labels = [0, 0, 0, 1, 1, 2, 2, 2, 2, 0]
  private let predictions = [0, 1, 0, 1, 2, 2, 2, 0, 2, 0]

  private func matrix(classes: Int = 3) -> ConfusionMatrix {
    var (first, second) = (ConfusionMatrix(classes: classes), ConfusionMatrix(classes: classes))
    first.add(predictions: Array(predictions[..<4]), labels: Array(labels[..<4]))
    second.add(predictions: Array(predictions[4...]), labels: Array(labels[4...]))
    first += second
    return first
  }

  @Test func everyPairIsCounted() {
    let pairs = Array(zip(labels, predictions))
    for label in 0..<3 {
      for prediction in 0..<3 {
        #expect(matrix().counts[label][prediction] == pairs.count { $0 == (label, prediction) })
      }
    }
    #expect(matrix().accuracy == 0.7)
    #expect(
      "\(matrix())" == """
        true \\ predicted  0  1  2
        0                 3  1  0
        1                 0  1  1
        2                 1  0  3
        """)
  }

  @Test func precisionRecallAndTheirMeanByDefinition() {
    let matrix = matrix()
    let pairs = Array(zip(labels, predictions))
    var sums = (precision: 0.0, recall: 0.0, f1: 0.0)
    for index in 0..<3 {
      let hits = Double(pairs.count { $0 == (index, index) })
      let precision = hits / Double(predictions.count { $0 == index })
      let recall = hits / Double(labels.count { $0 == index })
      let f1 = 2 * precision * recall / (precision + recall)
      #expect(matrix.precision(of: index) == precision && matrix.recall(of: index) == recall)
      #expect(abs(matrix.f1(of: index) - f1) < 1e-12)
      sums = (sums.precision + precision, sums.recall + recall, sums.f1 + f1)
    }
    // A fourth class that nothing is and nothing is taken for does not count.
    for matrix in [matrix, self.matrix(classes: 4)] {
      #expect(abs(matrix.precision - sums.precision / 3) < 1e-12)
      #expect(abs(matrix.recall - sums.recall / 3) < 1e-12)
      #expect(abs(matrix.f1 - sums.f1 / 3) < 1e-12)
    }
    #expect(ConfusionMatrix(classes: 2).f1 == 0)
  }

  @Test func labelsAmongTheHighestScores() {
    let scores = HostArray([0.1, 0.5, 0.4, 9, -1, 3, 2, 2, 1, .nan, 1, 2] as [Float], shape: [4, 3])
    for (k, hits) in [(1, 1), (2, 3), (3, 3)] {
      var accuracy = TopKAccuracy(k: k)
      // Second of its row, twice; equal to the highest; no score at all.
      accuracy.add(scores: scores, labels: [2, 2, 1, 0])
      #expect(accuracy.hits == hits && accuracy.value == Double(hits) / 4)
    }
  }

  @Test func errorsOfNumbers() {
    var errors = RegressionErrors()
    errors.add(predictions: [1, 2], truths: [1.5, 0])
    errors.add(predictions: [-1], truths: [1])
    #expect(errors.meanAbsolute == 4.5 / 3)
    #expect(errors.meanSquared == 2.75)
  }
}
