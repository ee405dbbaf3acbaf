import MartletLayers

/// A schedule's, optimizer's or callback's text that cannot be read.
public struct OptionTextError: Error, Equatable, CustomStringConvertible {
  public let message: String
  public var description: String { message }
}

/// A name and its options as text: `cosine:decaySteps=1000,alpha=0.1`.
struct TextOptions {
  let name: String
  private let rest: String
  private var values: [String: String] = [:]

  /// - Parameter text: `name:key=value,key=value`; the options are looked at by `read`.
  init(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    name = parts[0]
    rest = parts.count == 2 ? parts[1] : ""
  }

  /// Options without a name before them.
  init(_ text: String, of name: String) {
    self.name = name
    rest = text
  }

  /// Takes the options apart.
  ///
  /// - Throws: `NameError` for one that is not among the keys.
  mutating func read(_ keys: [String]) throws {
    var rest = Substring(rest)
    while !rest.isEmpty {
      guard let equals = rest.firstIndex(of: "=") else {
        throw OptionTextError(message: "options of \(name) are written key=value; received \(rest)")
      }
      let key = String(rest[..<equals])
      guard keys.contains(key) else {
        throw NameError(kind: "option of \(name)", name: key, known: keys)
      }
      guard values[key] == nil else {
        throw OptionTextError(message: "\(name) has \(key) twice")
      }
      rest = rest[rest.index(after: equals)...]
      // An inner schedule has commas of its own, and stands last.
      let end = key == "schedule" ? rest.endIndex : rest.firstIndex(of: ",") ?? rest.endIndex
      values[key] = String(rest[..<end])
      rest = rest[end...].dropFirst()
    }
  }

  func has(_ key: String) -> Bool { values[key] != nil }

  func text(_ key: String) throws -> String {
    guard let text = values[key] else {
      throw OptionTextError(message: "\(name) needs \(key), as in \(name):\(key)=…")
    }
    return text
  }

  /// A whole number.
  func count(_ key: String, _ fallback: Int? = nil, from lowest: Int = 1) throws -> Int {
    if let fallback, !has(key) { return fallback }
    return try count(key, text(key), from: lowest)
  }

  func counts(_ key: String) throws -> [Int] {
    try text(key).split(separator: "/").map { try count(key, String($0), from: 0) }
  }

  private func count(_ key: String, _ text: String, from lowest: Int) throws -> Int {
    guard let count = Int(text), count >= lowest, count <= Int(Int32.max) else {
      throw OptionTextError(
        message: "\(key) of \(name) is a whole number from \(lowest) on; received \(text)")
    }
    return count
  }

  /// A number that is not negative.
  func number(
    _ key: String, _ fallback: Float? = nil, in range: ClosedRange<Float> = 0...Float.greatestFiniteMagnitude
  ) throws -> Float {
    if let fallback, !has(key) { return fallback }
    return try number(key, text(key), in: range)
  }

  func numbers(_ key: String) throws -> [Float] {
    try text(key).split(separator: "/").map {
      try number(key, String($0), in: 0...Float.greatestFiniteMagnitude)
    }
  }

  private func number(_ key: String, _ text: String, in range: ClosedRange<Float>) throws -> Float {
    guard let number = Float(text), range.contains(number) else {
      let limits =
        range.upperBound < .greatestFiniteMagnitude
        ? "in \(range.lowerBound) ... \(range.upperBound)" : "that is not negative"
      throw OptionTextError(message: "\(key) of \(name) is a number \(limits); received \(text)")
    }
    return number
  }

  /// True or false; false where it is not given.
  func truth(_ key: String) throws -> Bool {
    guard has(key) else { return false }
    guard let truth = Bool(try text(key)) else {
      throw OptionTextError(message: "\(key) of \(name) is true or false; received \(try text(key))")
    }
    return truth
  }
}
