import MartletLayers

/// How often each class was taken for each other one, and what follows from that. Grows batch by batch.
///
/// ```swift
/// var matrix = ConfusionMatrix(classes: 3)
/// matrix.add(predictions: [0, 1, 1], labels: [0, 1, 2])
/// matrix.accuracy  // 0.666…
/// print(matrix)    // a row for each true class, a column for each predicted one
/// ```
public struct ConfusionMatrix: Sendable, Equatable {
  /// `counts[label][prediction]`.
  public private(set) var counts: [[Int]]
  public var classes: Int { counts.count }

  public init(classes: Int) {
    precondition(classes > 0, "there is at least one class; received \(classes)")
    counts = Array(repeating: Array(repeating: 0, count: classes), count: classes)
  }

  public mutating func add(predictions: [Int], labels: [Int]) {
    precondition(
      predictions.count == labels.count,
      "there is one label for each prediction; received \(labels.count) and \(predictions.count)")
    for (prediction, label) in zip(predictions, labels) { counts[label][prediction] += 1 }
  }

  /// Adds the samples of another matrix of as many classes.
  public static func += (a: inout ConfusionMatrix, b: ConfusionMatrix) {
    precondition(a.classes == b.classes, "\(b.classes) classes are added to \(a.classes)")
    a.counts = zip(a.counts, b.counts).map { zip($0, $1).map(+) }
  }

  public var count: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The share of the samples that were told right.
  public var accuracy: Double { ratio(counts.indices.reduce(0) { $0 + counts[$1][$1] }, count) }

  /// The share of the samples taken for a class that are of it; 0 where there are none.
  public func precision(of index: Int) -> Double { ratio(counts[index][index], taken(for: index)) }

  /// The share of the samples of a class that were taken for it; 0 where there are none.
  public func recall(of index: Int) -> Double { ratio(counts[index][index], counts[index].reduce(0, +)) }

  /// The harmonic mean of precision and recall: 2 * hits / (samples taken for the class + samples of it).
  public func f1(of index: Int) -> Double {
    ratio(2 * counts[index][index], taken(for: index) + counts[index].reduce(0, +))
  }

  /// The means over the classes that there are in labels or predictions, each class counting once (*macro*).
  public var precision: Double { macro(precision(of:)) }
  public var recall: Double { macro(recall(of:)) }
  public var f1: Double { macro(f1(of:)) }

  private func taken(for index: Int) -> Int { counts.reduce(0) { $0 + $1[index] } }

  private func macro(_ measure: (Int) -> Double) -> Double {
    let present = counts.indices.filter { taken(for: $0) + counts[$0].reduce(0, +) > 0 }
    return present.isEmpty ? 0 : present.reduce(0) { $0 + measure($1) } / Double(present.count)
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}

extension ConfusionMatrix: CustomStringConvertible {
  public var description: String { table(names: counts.indices.map(String.init)) }

  /// A row for each true class, a column for each predicted one.
  public func table(names: [String]) -> String {
    precondition(names.count == classes, "\(classes) classes have \(names.count) names")
    let cells = [["true \\ predicted"] + names] + zip(names, counts).map { [$0] + $1.map(String.init) }
    let widths = cells[0].indices.map { column in cells.reduce(0) { max($0, $1[column].count) } }
    func pad(_ text: String, _ column: Int) -> String {
      let spaces = String(repeating: " ", count: widths[column] - text.count)
      return column == 0 ? text + spaces : spaces + text
    }
    return cells.map { row in row.indices.map { pad(row[$0], $0) }.joined(separator: "  ") }
      .joined(separator: "\n")
  }
}

/// The share of the samples whose label is among the k highest scores, as Keras's `TopKCategoricalAccuracy` has it: a
/// label is among them where fewer than k classes score higher.
public struct TopKAccuracy: Sendable, Equatable {
  public let k: Int
  public private(set) var hits = 0
  public private(set) var count = 0

  public init(k: Int = 5) {
    precondition(k > 0, "k is at least 1; received \(k)")
    self.k = k
  }

  /// - Parameters:
  ///   - scores: logits or probabilities, float32 of shape (N, classes).
  ///   - labels: one of each row.
  public mutating func add(scores: HostArray, labels: [Int]) {
    precondition(
      scores.shape.rank == 2 && scores.shape[0] == labels.count,
      "scores are (\(labels.count), classes); received \(scores.shape)")
    let (values, classes) = (scores.values(as: Float.self), scores.shape[1])
    for (row, label) in labels.enumerated() {
      let own = values[row * classes + label]
      let higher = values[row * classes..<(row + 1) * classes].count { $0 > own }
      // Nothing is higher than NaN, which is no score at all.
      if higher < k && !own.isNaN { hits += 1 }
    }
    count += labels.count
  }

  public var value: Double { count == 0 ? 0 : Double(hits) / Double(count) }
}

/// The means of |prediction - truth| and of its square, summed in Double.
public struct RegressionErrors: Sendable, Equatable {
  private var absolute = 0.0
  private var squared = 0.0
  public private(set) var count = 0

  public init() {}

  public mutating func add(predictions: [Float], truths: [Float]) {
    precondition(
      predictions.count == truths.count,
      "there is one truth for each prediction; received \(truths.count) and \(predictions.count)")
    for (prediction, truth) in zip(predictions, truths) {
      let difference = Double(prediction) - Double(truth)
      absolute += difference.magnitude
      squared += difference * difference
    }
    count += predictions.count
  }

  public var meanAbsolute: Double { count == 0 ? 0 : absolute / Double(count) }
  public var meanSquared: Double { count == 0 ? 0 : squared / Double(count) }
}
