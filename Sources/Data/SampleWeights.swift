import MartletCore

/// How much each sample of a data set weighs in the loss.
enum SampleWeights: Sendable {
  /// By the rows of the source.
  case bySample([Float])
  case byClass([Int: Float])

  /// - Throws: `ShapeError` for weights that are negative or not finite.
  init(bySample numbers: [Float]) throws {
    try Self.check(numbers)
    self = .bySample(numbers)
  }

  init(byClass numbers: [Int: Float]) throws {
    try Self.check(numbers.values)
    self = .byClass(numbers)
  }

  private static func check(_ numbers: some Collection<Float>) throws {
    if let odd = numbers.first(where: { !($0 >= 0 && $0.isFinite) }) {
      throw ShapeError("weights are finite and not negative; received \(odd)")
    }
  }

  /// float32, (N).
  func of(_ rows: [Int], labels: HostArray) -> HostArray {
    switch self {
    case .bySample(let numbers): HostArray(rows.map { numbers[$0] })
    case .byClass(let numbers): HostArray(labels.values(as: Int32.self).map { numbers[Int($0)] ?? 1 })
    }
  }
}
