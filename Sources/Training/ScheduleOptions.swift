import MartletLayers

/// The options in a schedule's text: `decaySteps=1000,alpha=0.1`.
struct ScheduleOptions {
  let schedule: String
  private var values: [String: String] = [:]

  init(schedule: String) { self.schedule = schedule }

  mutating func read(_ text: String, keys: [String]) throws {
    var rest = Substring(text)
    while !rest.isEmpty {
      guard let equals = rest.firstIndex(of: "=") else {
        throw ScheduleTextError(message: "options of \(schedule) are written key=value; received \(rest)")
      }
      let key = String(rest[..<equals])
      guard keys.contains(key) else {
        throw NameError(kind: "option of \(schedule)", name: key, known: keys)
      }
      guard values[key] == nil else {
        throw ScheduleTextError(message: "\(schedule) has \(key) twice")
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
      throw ScheduleTextError(message: "\(schedule) needs \(key), as in \(schedule):\(key)=…")
    }
    return text
  }

  /// A whole number.
  func count(_ key: String, from lowest: Int = 1) throws -> Int { try count(key, text(key), from: lowest) }

  func counts(_ key: String) throws -> [Int] {
    try text(key).split(separator: "/").map { try count(key, String($0), from: 0) }
  }

  private func count(_ key: String, _ text: String, from lowest: Int) throws -> Int {
    guard let count = Int(text), count >= lowest, count <= Int(Int32.max) else {
      throw ScheduleTextError(
        message: "\(key) of \(schedule) is a whole number from \(lowest) on; received \(text)")
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
      throw ScheduleTextError(message: "\(key) of \(schedule) is a number \(limits); received \(text)")
    }
    return number
  }

  /// True or false; false where it is not given.
  func truth(_ key: String) throws -> Bool {
    guard has(key) else { return false }
    guard let truth = Bool(try text(key)) else {
      throw ScheduleTextError(message: "\(key) of \(schedule) is true or false; received \(try text(key))")
    }
    return truth
  }
}
