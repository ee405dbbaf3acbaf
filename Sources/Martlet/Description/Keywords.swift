import MartletLayers

/// An option that a layer does not take, or not with this value.
struct KeywordError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The keywords of a layer by their Keras names, in Swift's spelling (`kernelSize`) or Python's (`kernel_size`). It
/// remembers which were asked for, so that none is passed over in silence.
final class Keywords {
  /// What the options belong to: `Conv2D`.
  let owner: String
  private let values: [String: OptionValue]
  /// As they were given, by their spelling in Swift.
  private let spellings: [String: String]
  private(set) var known: [String] = []

  init(of owner: String, _ values: [String: OptionValue]) {
    self.owner = owner
    let pairs = values.map { (key: Self.camelCase($0.key), given: $0.key, value: $0.value) }
    self.values = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { a, _ in a })
    spellings = Dictionary(pairs.map { ($0.key, $0.given) }, uniquingKeysWith: { a, _ in a })
  }

  /// `kernel_size` as `kernelSize`.
  private static func camelCase(_ name: String) -> String {
    let words = name.split(separator: "_")
    return
      (words.prefix(1).map(String.init)
      + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }).joined()
  }

  /// - Throws: `NameError` for an option that nothing asked for, with the nearest one that was.
  func checkAllRead() throws {
    guard let stranger = values.keys.filter({ !known.contains($0) }).sorted().first else { return }
    throw NameError(kind: "option of \(owner)", name: spellings[stranger]!, known: known)
  }

  // MARK: - Values

  private func read(_ name: String) -> OptionValue? {
    let name = Self.camelCase(name)
    if !known.contains(name) { known.append(name) }
    return values[name]
  }

  private func isMeant(_ other: String, for name: String) -> Bool {
    NameError(kind: "option", name: other, known: [name]).nearest != nil
  }

  func isGiven(_ name: String) -> Bool { values[Self.camelCase(name)] != nil }

  func value<T>(
    _ name: String, _ kind: String, default fallback: T?, _ convert: (OptionValue) -> T?
  ) throws -> T {
    guard let value = read(name) else {
      if let fallback { return fallback }
      let name = Self.camelCase(name)
      if let other = spellings.values.sorted().first(where: { isMeant($0, for: name) }) {
        throw KeywordError("there is no option of \(owner) called \(other); it is called \(name)")
      }
      throw KeywordError("\(owner) needs \(name), \(kind)")
    }
    guard let converted = convert(value) else {
      throw KeywordError("\(name) of \(owner) is \(kind); received \(value)")
    }
    return converted
  }

  /// Whether an option is absent or null.
  func isNull(_ name: String) -> Bool {
    read(name) ?? .null == .null
  }

  /// Asks for the one value of an option that is offered.
  func require(_ name: String, _ only: OptionValue) throws {
    _ = try value(name, "\(only), the only one there is", default: true) { $0 == only ? true : nil }
  }

  func int(_ name: String, default fallback: Int? = nil) throws -> Int {
    try value(name, "a whole number", default: fallback) { $0.int }
  }

  /// A whole number above zero.
  func count(_ name: String, default fallback: Int? = nil) throws -> Int {
    try value(name, "a whole number above 0", default: fallback) {
      $0.int.flatMap { (1...Int(Int32.max)).contains($0) ? $0 : nil }
    }
  }

  func ints(_ name: String, default fallback: [Int]? = nil) throws -> [Int] {
    try value(name, "a list of whole numbers", default: fallback) { $0.ints }
  }

  func float(_ name: String, default fallback: Float? = nil) throws -> Float {
    Float(try double(name, default: fallback.map(Double.init)))
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
    try value(name, "a text", default: fallback) {
      if case .string(let text) = $0 { return text }
      return nil
    }
  }

  /// One of some names.
  func choice<T>(_ name: String, default fallback: String? = nil, _ choices: [(String, T)]) throws -> T {
    let text = try string(name, default: fallback)
    if let choice = choices.first(where: { $0.0 == text }) { return choice.1 }
    throw NameError(kind: "\(name) of \(owner)", name: text, known: choices.map(\.0))
  }

  /// One number for each spatial axis.
  func spatial(_ name: String, default fallback: Spatial? = nil, from lowest: Int = 1) throws -> Spatial {
    try value(name, "one to three whole numbers from \(lowest) on", default: fallback) {
      guard let numbers = $0.ints ?? $0.int.map({ [$0] }), (1...3).contains(numbers.count),
        numbers.allSatisfy({ (lowest...Int(Int32.max)).contains($0) })
      else { return nil }
      return Spatial(numbers)
    }
  }

  /// Sizes before and after each of two axes: a pair of pairs, or one number for all.
  func sides(_ name: String, default fallback: [Padding.Sides]? = nil) throws -> [Padding.Sides] {
    try value(name, "a pair of pairs, or a number", default: fallback) {
      if let size = $0.int, size >= 0 { return [Padding.Sides(size, size), Padding.Sides(size, size)] }
      guard case .list(let axes) = $0, axes.count == 2 else { return nil }
      let pairs = axes.compactMap(\.ints).filter { $0.count == 2 && $0.allSatisfy { $0 >= 0 } }
      return pairs.count == 2 ? pairs.map { Padding.Sides($0[0], $0[1]) } : nil
    }
  }

  func padding() throws -> Padding {
    try choice("padding", default: "valid", [("valid", .valid), ("same", .same), ("causal", .causal)])
  }

  func interpolation(default fallback: String) throws -> Interpolation {
    try choice("interpolation", default: fallback, [("nearest", .nearest), ("bilinear", .bilinear)])
  }

  /// The activation that an option names; none where it is absent or null.
  func activation(_ name: String = "activation") throws -> ActivationFunction {
    isNull(name) ? .linear : try choice(name, Self.activations)
  }

  private static let activations: [(String, ActivationFunction)] = [
    ("linear", .linear), ("relu", .relu), ("relu6", .relu6), ("leaky_relu", .leakyRelu()), ("elu", .elu()),
    ("selu", .selu), ("gelu", .gelu()), ("sigmoid", .sigmoid), ("tanh", .tanh), ("softplus", .softplus),
    ("softsign", .softsign), ("silu", .silu), ("mish", .mish), ("exponential", .exponential),
    ("hard_sigmoid", .hardSigmoid), ("softmax", .softmax), ("log_softmax", .logSoftmax),
  ]
}
