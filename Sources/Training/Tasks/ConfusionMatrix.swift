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
  public var accuracy: Double {
    ratio(Double(counts.indices.reduce(0) { $0 + counts[$1][$1] }), Double(count))
  }

  /// The share of the samples taken for a class that are of it; 0 where there are none.
  public func precision(of index: Int) -> Double { classCounts.precision(of: index) }

  /// The share of the samples of a class that were taken for it; 0 where there are none.
  public func recall(of index: Int) -> Double { classCounts.recall(of: index) }

  /// The harmonic mean of precision and recall: 2 * hits / (samples taken for the class + samples of it).
  public func f1(of index: Int) -> Double { classCounts.f1(of: index) }

  /// The means over the classes that there are in labels or predictions, each class counting once (*macro*).
  public var precision: Double { classCounts.precision }
  public var recall: Double { classCounts.recall }
  public var f1: Double { classCounts.f1 }

  private var classCounts: ClassCounts {
    ClassCounts(
      hits: counts.indices.map { Double(counts[$0][$0]) },
      taken: counts.indices.map { index in Double(counts.reduce(0) { $0 + $1[index] }) },
      present: counts.map { Double($0.reduce(0, +)) })
  }
}

extension ConfusionMatrix: CustomStringConvertible {
  public var description: String { table(names: counts.indices.map(String.init)) }

  /// A row for each true class, a column for each predicted one.
  public func table(names: [String]) -> String {
    precondition(names.count == classes, "\(classes) classes have \(names.count) names")
    return columns([["true \\ predicted"] + names] + zip(names, counts).map { [$0] + $1.map(String.init) })
  }
}

/// Rows of cells as text, the first column to the left and the others to the right.
func columns(_ cells: [[String]]) -> String {
  let widths = cells[0].indices.map { column in cells.reduce(0) { max($0, $1[column].count) } }
  func pad(_ text: String, _ column: Int) -> String {
    let spaces = String(repeating: " ", count: widths[column] - text.count)
    return column == 0 ? text + spaces : spaces + text
  }
  return cells.map { row in row.indices.map { pad(row[$0], $0) }.joined(separator: "  ") }
    .joined(separator: "\n")
}
