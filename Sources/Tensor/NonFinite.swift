/// NaN or infinity where a number was needed: which operation of which layer made the first one.
///
/// ```swift
/// try withContext(immediate: true, checkingFinite: true) { try compute { model(images) } }
/// // throws: divide (layers.2 (Dense)) made inf, element 7 of 8x10
/// ```
public struct NonFiniteError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension Trace {
  /// Remembers the first output of a record that is not finite. What is filled with a number is meant to be so.
  func check(_ outputs: [(Int, Storage)]) throws {
    if records[outputs[0].0].operation.primitive == .fill { return }
    for (index, storage) in outputs where records[index].dtype == .float32 {
      let record = records[index]
      let values = try storage.download(shape: record.shape, dtype: .float32).values(as: Float.self)
      guard let element = values.firstIndex(where: { !$0.isFinite }) else { continue }
      let value = values[element].isNaN ? "nan" : "\(values[element])"
      nonFinite = NonFiniteError(
        "\(describe(outputs[0].0)) made \(value), element \(element) of \(record.shape)")
      return
    }
  }
}
