import MartletLayers

/// What the library does not offer, so that a case cannot be run.
struct Unsupported: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

/// One case while it is run: hands out its options and tensors and remembers which were asked for, so that nothing of
/// a case is passed over in silence.
final class CaseReader {
  let reference: ReferenceCase
  private let set: ReferenceSet
  private var readOptions: Set<String> = []
  private(set) var readTensors: Set<String> = []

  init(_ reference: ReferenceCase, in set: ReferenceSet) {
    self.reference = reference
    self.set = set
  }

  var op: String { reference.op }

  /// Options that nothing asked for.
  var unreadOptions: [String] { reference.options.keys.filter { !readOptions.contains($0) }.sorted() }

  // MARK: - Tensors

  /// A tensor that goes into the operation.
  func tensor(_ name: String) throws -> Tensor {
    readTensors.insert(name)
    return try Tensor(set.array(name, of: reference))
  }

  func has(_ tensor: String) -> Bool { reference.tensors[tensor] != nil }

  /// A tensor that has to come out.
  func expected(_ name: String) throws -> HostArray { try set.array(name, of: reference) }

  // MARK: - Options

  func isGiven(_ option: String) -> Bool { reference.options[option] != nil }

  private func value<T>(
    _ name: String, _ kind: String, default fallback: T?, _ convert: (OptionValue) -> T?
  ) throws -> T {
    readOptions.insert(name)
    guard let value = reference.options[name] else {
      if let fallback { return fallback }
      throw Unsupported("\(op) without the option \(name)")
    }
    guard let converted = convert(value) else {
      throw Unsupported("\(op) with \(name) \(value), which is not \(kind)")
    }
    return converted
  }

  func int(_ name: String, default fallback: Int? = nil) throws -> Int {
    try value(name, "a whole number", default: fallback) { $0.int }
  }

  /// A whole number above zero.
  func count(_ name: String, default fallback: Int? = nil) throws -> Int {
    try value(name, "a number of things", default: fallback) {
      $0.int.flatMap { (1...Int(Int32.max)).contains($0) ? $0 : nil }
    }
  }

  /// Sizes above zero of an array that memory holds.
  func shape(_ name: String) throws -> Shape {
    try value(name, "a shape", default: nil) {
      guard let sizes = $0.ints, sizes.count <= Shape.maximumRank,
        sizes.allSatisfy({ (1...1 << 20).contains($0) }), sizes.reduce(1.0, { $0 * Double($1) }) <= 0x1p28
      else { return nil }
      return Shape(sizes)
    }
  }

  func ints(_ name: String, default fallback: [Int]? = nil) throws -> [Int] {
    try value(name, "a list of whole numbers", default: fallback) { $0.ints }
  }

  func float(_ name: String, default fallback: Float? = nil) throws -> Float {
    Float(try double(name, default: fallback.map(Double.init)))
  }

  func floats(_ name: String) throws -> [Float] {
    try value(name, "a list of numbers", default: nil) {
      guard case .list(let values) = $0 else { return nil }
      let numbers = values.compactMap { value -> Float? in
        if case .number(let number) = value { return Float(number) }
        return nil
      }
      return numbers.count == values.count ? numbers : nil
    }
  }

  func double(_ name: String, default fallback: Double? = nil) throws -> Double {
    try value(name, "a number", default: fallback) {
      if case .number(let number) = $0 { return number }
      return nil
    }
  }

  func bool(_ name: String, default fallback: Bool? = nil) throws -> Bool {
    try value(name, "true or false", default: fallback) {
      if case .bool(let truth) = $0 { return truth }
      return nil
    }
  }

  func string(_ name: String, default fallback: String? = nil) throws -> String {
    try value(name, "a string", default: fallback) {
      if case .string(let text) = $0 { return text }
      return nil
    }
  }

  /// Whether an option is absent or null.
  func isNull(_ name: String) -> Bool {
    readOptions.insert(name)
    return reference.options[name] ?? .null == .null
  }

  /// Asks for the one value of an option that is offered.
  func require(_ name: String, _ only: OptionValue) throws {
    readOptions.insert(name)
    if let value = reference.options[name], value != only { throw Unsupported("\(op) with \(name) \(value)") }
  }

  /// One number for each spatial axis.
  func spatial(_ name: String, default fallback: Spatial? = nil) throws -> Spatial {
    try value(name, "one to three whole numbers", default: fallback) {
      guard let numbers = $0.ints ?? $0.int.map({ [$0] }), (1...3).contains(numbers.count),
        numbers.allSatisfy({ (0...Int(Int32.max)).contains($0) })
      else { return nil }
      return Spatial(numbers)
    }
  }

  /// Sizes before and after each of two axes.
  func sides(_ name: String) throws -> [Padding.Sides] {
    try value(name, "a pair of pairs", default: nil) {
      guard case .list(let axes) = $0, axes.count == 2 else { return nil }
      let pairs = axes.compactMap(\.ints).filter { $0.count == 2 && $0.allSatisfy { $0 >= 0 } }
      return pairs.count == 2 ? pairs.map { Padding.Sides($0[0], $0[1]) } : nil
    }
  }

  func padding(_ name: String = "padding") throws -> Padding {
    let text = try string(name)
    switch text {
    case "valid": return .valid
    case "same": return .same
    case "causal": return .causal
    default: throw Unsupported("\(op) with padding \"\(text)\"")
    }
  }
}
