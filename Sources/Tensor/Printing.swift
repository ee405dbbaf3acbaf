extension Tensor: CustomStringConvertible {
  /// The elements in nested brackets, long axes shortened to their ends. Inside a scope this runs what is recorded so
  /// far; in a dry run there are only shape and type.
  public var description: String {
    if let trace, trace.isDry { return "Tensor(\(shape), \(dtype), no value in a dry run)" }
    do {
      return TensorText(try hostArray()).text
    } catch {
      return "Tensor(\(shape), \(dtype)): \(error)"
    }
  }
}

/// The elements of an array as text.
private struct TensorText {
  private static let edge = 3
  private static let limit = 1000
  private let shape: Shape
  private let elements: [String]
  private let strides: [Int]
  private let width: Int
  private let isShortened: Bool

  init(_ array: HostArray) {
    shape = array.shape
    strides = array.shape.strides
    isShortened = array.shape.count > Self.limit
    switch array.dtype {
    case .float32: elements = Self.floats(array.values())
    case .int32: elements = array.values(as: Int32.self).map(String.init)
    case .uint8: elements = array.values(as: UInt8.self).map(String.init)
    case .bool: elements = array.values(as: Bool.self).map { $0 ? "true" : "false" }
    }
    width = array.shape.count > Self.limit ? 0 : elements.map(\.count).max() ?? 0
  }

  /// Whole numbers without a point, others with up to six significant digits.
  private static func floats(_ values: [Float]) -> [String] {
    values.map { value in
      guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
      if value.rounded() == value && abs(value) < 1e7 { return String(Int(value)) }
      let scale = Double(value).magnitude
      if scale < 1e-4 || scale >= 1e7 { return "\(value)" }
      let digits = scale >= 1000 ? 2 : scale >= 10 ? 4 : scale >= 0.1 ? 6 : 7
      let factor = (0..<digits).reduce(1.0) { result, _ in result * 10 }
      return "\(Float((Double(value) * factor).rounded() / factor))"
    }
  }

  var text: String { shape.isScalar ? elements[0] : text(axis: 0, offset: 0, indent: 1) }

  private func text(axis: Int, offset: Int, indent: Int) -> String {
    let size = shape[axis]
    let positions: [Int?] =
      isShortened && size > 2 * Self.edge
      ? Array(0..<Self.edge) + [nil] + Array(size - Self.edge..<size) : Array(0..<size)
    let parts = positions.map { position -> String in
      guard let position else { return "..." }
      let place = offset + position * strides[axis]
      if axis + 1 < shape.rank { return text(axis: axis + 1, offset: place, indent: indent + 1) }
      let element = elements[place]
      return String(repeating: " ", count: max(0, width - element.count)) + element
    }
    let isInnermost = axis + 1 == shape.rank
    let blank = String(repeating: "\n", count: max(1, shape.rank - axis - 1))
    let separator = isInnermost ? ", " : "," + blank + String(repeating: " ", count: indent)
    return "[" + parts.joined(separator: separator) + "]"
  }
}
