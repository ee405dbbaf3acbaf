import MartletTestSupport
import Testing

@testable import MartletTraining

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

  /// What a metric gives for a batch in two parts.
  private func value(_ metric: Metric, _ outputs: [[Float]], _ targets: [Int32]) throws -> Double {
    func part(_ rows: Range<Int>) throws -> Measure {
      try metric.measure(Tensor(Array(outputs[rows])), Tensor(Array(targets[rows])))
    }
    var result = BatchResult(count: 1, measures: [try part(0..<1)])
    result += BatchResult(count: 3, measures: [try part(1..<outputs.count)])
    return result.measures[0].value
  }

  @Test func labelsAmongTheHighestOutputs() throws {
    let outputs: [[Float]] = [[0.1, 0.5, 0.4], [9, -1, 3], [2, 2, 1], [.nan, 1, 2]]
    for (k, hits) in [(1, 1), (2, 3), (3, 3)] {
      // Second of its row, twice; equal to the highest; no output at all.
      #expect(try value(.topKAccuracy(k), outputs, [2, 2, 1, 0]) == Double(hits) / 4)
    }
  }

  /// The same numbers as the matrix of the same predictions.
  @Test func metricsOfClassesAreThoseOfTheirMatrix() throws {
    let outputs = predictions.map { prediction in (0..<3).map { $0 == prediction ? Float(2) : 0.5 } }
    let truths = labels.map(Int32.init)
    #expect(try value(.accuracy, outputs, truths) == matrix().accuracy)
    #expect(abs(try value(.precision, outputs, truths) - matrix().precision) < 1e-12)
    #expect(abs(try value(.recall, outputs, truths) - matrix().recall) < 1e-12)
    #expect(abs(try value(.f1, outputs, truths) - matrix().f1) < 1e-12)
  }

  @Test func errorsOfNumbersAndAnswers() throws {
    let model = Activation(.linear)
    let (x, y) = (Tensor([[1], [2], [-1]]), Tensor([1.5, 0, 1]))
    let result = try model.evaluate(
      x, y, batchSize: 2, loss: .meanSquaredError,
      metrics: [
        .meanAbsoluteError, .meanSquaredError, .rootMeanSquaredError, .binaryAccuracy(threshold: 0),
        Metric("double") { ($0 - $1.reshaped(-1, 1)).abs() * 2 },
      ])
    #expect(result["loss"] == 8.25 / 3 && result["mean squared error"] == 8.25 / 3)
    #expect(result["mean absolute error"] == 1.5 && result["double"] == 3)
    #expect(result["root mean squared error"] == (8.25 / 3).squareRoot())
    #expect(abs(result.accuracy - 1.0 / 3) < 1e-12)
    let error = #expect(throws: ShapeError.self) {
      try model.evaluate(x, y, loss: .meanSquaredError, metrics: [.accuracy])
    }
    #expect(
      error?.message
        == "accuracy compares two outputs or more; received 3x1. For yes or no take .binaryAccuracy(threshold: 0) "
        + "of logits, or 0.5 of probabilities")
  }
}
