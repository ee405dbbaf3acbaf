/// What was measured in one batch, or in many together.
public struct BatchResult: Sendable, Equatable, Codable {
  /// The sum of the samples' losses, each times its weight.
  public var lossSum: Double
  public var count: Int
  /// What a task measures besides the loss, in its order.
  public var measures: [Measure]

  public init(lossSum: Double = 0, count: Int = 0, measures: [Measure] = []) {
    self.lossSum = lossSum
    self.count = count
    self.measures = measures
  }

  public var loss: Double { count == 0 ? 0 : lossSum / Double(count) }

  /// The value of a measure by its name, `loss` included; nil where it was not measured.
  public subscript(name: String) -> Double? {
    name == "loss" ? (count == 0 ? nil : loss) : measures.first { $0.name == name }?.value
  }

  /// The share of what the network got right; 0 where that was not measured.
  public var accuracy: Double { self["accuracy"] ?? 0 }

  /// The same with values in the place of sums that are many, for results to which no more are added.
  var concluded: BatchResult {
    var result = self
    result.measures = measures.map { measure in
      measure.formula == .frechetDistance ? Measure(measure.name, sums: [measure.value, 1]) : measure
    }
    return result
  }

  public static func += (a: inout BatchResult, b: BatchResult) {
    a.lossSum += b.lossSum
    a.count += b.count
    // A result without measures is one of no samples.
    a.measures =
      a.measures.isEmpty ? b.measures : b.measures.isEmpty ? a.measures : zip(a.measures, b.measures).map(+)
  }
}

/// One quantity beside the loss, as sums that add up from batch to batch and a formula of them.
public struct Measure: Sendable, Equatable, Codable {
  /// What the sums are, and the quantity that they give.
  public enum Formula: String, Sendable, Codable {
    /// [sum of values, number of values]
    case mean, rootOfMean
    /// [hits of each class, samples taken for it, samples of it], one list after another
    case precision, recall, f1, meanIoU
    /// The same lists; the share of all samples that is right.
    case recallOfAll
    /// Two clouds of features; see `FrechetDistance`
    case frechetDistance
  }
  public let name: String
  public let formula: Formula
  public private(set) var sums: [Double]

  public init(_ name: String, _ formula: Formula = .mean, sums: [Double]) {
    self.name = name
    self.formula = formula
    self.sums = sums
  }

  public var value: Double {
    switch formula {
    case .mean: ratio(sums[0], sums[1])
    case .rootOfMean: ratio(sums[0], sums[1]).squareRoot()
    case .precision: ClassCounts(sums).precision
    case .recall: ClassCounts(sums).recall
    case .f1: ClassCounts(sums).f1
    case .meanIoU: ClassCounts(sums).meanIoU
    case .recallOfAll: ClassCounts(sums).recallOfAll
    case .frechetDistance: FrechetDistance.of(sums)
    }
  }

  /// Whether there are as many sums as the formula has.
  var isPossible: Bool {
    switch formula {
    case .mean, .rootOfMean: sums.count == 2
    case .precision, .recall, .f1, .meanIoU, .recallOfAll: sums.count.isMultiple(of: 3)
    case .frechetDistance: FrechetDistance.size(sums.count) != nil
    }
  }

  static func + (a: Measure, b: Measure) -> Measure {
    Measure(a.name, a.formula, sums: zip(a.sums, b.sums).map(+))
  }
}

/// A share of a whole; 0 of nothing.
func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }

/// How often each class was told right, taken for, and there.
struct ClassCounts {
  let hits: [Double]
  let taken: [Double]
  let present: [Double]

  init(hits: [Double], taken: [Double], present: [Double]) {
    self.hits = hits
    self.taken = taken
    self.present = present
  }

  /// Three lists one after another.
  init(_ sums: [Double]) {
    let classes = sums.count / 3
    hits = Array(sums[..<classes])
    taken = Array(sums[classes..<2 * classes])
    present = Array(sums[(2 * classes)...])
  }

  func precision(of index: Int) -> Double { ratio(hits[index], taken[index]) }
  func recall(of index: Int) -> Double { ratio(hits[index], present[index]) }
  /// The harmonic mean of precision and recall.
  func f1(of index: Int) -> Double { ratio(2 * hits[index], taken[index] + present[index]) }

  /// What is of the class and taken for it, of what is either; nil where nothing is.
  func iou(of index: Int) -> Double? {
    let either = taken[index] + present[index] - hits[index]
    return either > 0 ? hits[index] / either : nil
  }

  var meanIoU: Double { macro { iou(of: $0) ?? 0 } }
  var recallOfAll: Double { ratio(hits.reduce(0, +), present.reduce(0, +)) }
  var precision: Double { macro(precision(of:)) }
  var recall: Double { macro(recall(of:)) }
  var f1: Double { macro(f1(of:)) }

  /// The mean over the classes that there are in labels or predictions, each class counting once.
  private func macro(_ measure: (Int) -> Double) -> Double {
    let met = hits.indices.filter { taken[$0] + present[$0] > 0 }
    return met.isEmpty ? 0 : met.reduce(0) { $0 + measure($1) } / Double(met.count)
  }
}
