/// What segmentation measured of each class.
///
/// ```swift
/// print(ClassTable(result, classNames: data.classNames)!)
/// ```
public struct ClassTable: Sendable, Equatable {
  public struct Row: Sendable, Equatable, Encodable {
    public let name: String
    /// Intersection over union; nil where the class was neither there nor taken for something.
    public let iou: Double?
    /// The share of the class's pixels that was told right; 0 where there are none.
    public let accuracy: Double
    /// How many there are.
    public let pixels: Int
  }
  public let rows: [Row]

  /// - Parameters:
  ///   - result: with the measure `meanIoU`; the table is nil where it was not measured.
  ///   - classNames: of all classes but the ground, which is the first.
  public init?(_ result: BatchResult, classNames: [String]) {
    guard let measure = result.measures.first(where: { $0.formula == .meanIoU }) else { return nil }
    let counts = ClassCounts(measure.sums)
    let names = ["background"] + classNames
    rows = counts.hits.indices.map { index in
      Row(
        name: index < names.count ? names[index] : "\(index)", iou: counts.iou(of: index),
        accuracy: counts.recall(of: index), pixels: Int(counts.present[index]))
    }
  }

  /// Over the classes that there are.
  public var meanIoU: Double {
    let met = rows.compactMap(\.iou)
    return ratio(met.reduce(0, +), Double(met.count))
  }
}

extension ClassTable: CustomStringConvertible {
  public var description: String {
    columns(
      [["class", "IoU", "accuracy", "pixels"]]
        + rows.map { [$0.name, $0.iou?.fixed(4) ?? "-", $0.accuracy.fixed(4), $0.pixels.grouped] })
  }
}
