/// A quantity of an epoch that callbacks compare: which, of which part, and whether more of it is better.
///
/// ```swift
/// EarlyStopping(monitor: .validation("accuracy"), patience: 3)
/// ```
public struct Monitor: Sendable, CustomStringConvertible {
  private let name: String
  private let isOfValidation: Bool
  private let prefersMore: Bool

  private init(_ name: String, isOfValidation: Bool, prefersMore: Bool?) {
    self.name = name
    self.isOfValidation = isOfValidation
    self.prefersMore = prefersMore ?? !["loss", "error", "distance"].contains(where: name.hasSuffix)
  }

  /// A measure of the validation part by its name, `loss` included.
  ///
  /// - Parameter prefersMore: by default true for all but losses, errors and distances.
  public static func validation(_ name: String, prefersMore: Bool? = nil) -> Monitor {
    Monitor(name, isOfValidation: true, prefersMore: prefersMore)
  }

  /// The same of the training part.
  public static func training(_ name: String, prefersMore: Bool? = nil) -> Monitor {
    Monitor(name, isOfValidation: false, prefersMore: prefersMore)
  }

  public static let validationLoss = Monitor.validation("loss")

  public var description: String { isOfValidation ? "validation \(name)" : "training \(name)" }

  /// The quantity in an epoch; nil where it was not measured or is NaN.
  public func value(in record: EpochRecord) -> Double? {
    let value = (isOfValidation ? record.validation : record.training)?[name]
    return value?.isNaN == true ? nil : value
  }

  /// Whether a value is better than another by more than a margin.
  func isBetter(_ value: Double, than other: Double, by margin: Double = 0) -> Bool {
    prefersMore ? value > other + margin : value < other - margin
  }

  /// The best epoch, the first of several as good; one is better than those before where it is so by more than `margin`.
  public func best(of history: some Sequence<EpochRecord>, by margin: Double = 0) -> EpochRecord? {
    var best: (record: EpochRecord, value: Double)?
    for record in history {
      guard let value = value(in: record) else { continue }
      if best == nil || isBetter(value, than: best!.value, by: margin) { best = (record, value) }
    }
    return best?.record
  }
}
