import MartletCore

/// An augmentation that cannot be carried out. The message says which step, what was received and what it may be.
public struct AugmentationError: Error, Equatable, CustomStringConvertible {
  public var message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

extension Augmentation {
  /// The steps of a text: names with commas between them, each with its value, as in
  /// `flip,shift=2,rotate=15,zoom=0.1,crop=28,brightness=0.2,contrast=0.2,noise=0.05,erase=0.25`.
  ///
  /// `crop=28` puts 4 pixels around the picture first, and `crop=28+2` puts 2. An empty text has no steps.
  ///
  /// - Throws: `NameError` with the nearest name there is, `AugmentationError` for a value out of range.
  public init(_ text: String) throws {
    guard !text.isEmpty else {
      self.init(checked: [])
      return
    }
    self.init(checked: try text.split(separator: ",", omittingEmptySubsequences: false).map(Self.step))
  }

  /// The names of all steps.
  public static let stepNames = [
    "flip", "shift", "rotate", "zoom", "crop", "brightness", "contrast", "noise", "erase",
  ]

  private static func step(_ text: Substring) throws -> Step {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = trimmed(parts[0])
    let value = parts.count == 2 ? trimmed(parts[1]) : nil
    guard stepNames.contains(name) else {
      throw NameError(kind: "augmentation", name: name, known: stepNames)
    }
    let step = try name == "crop" ? crop(value) : step(name, value)
    if let problem = step.problem { throw AugmentationError(problem) }
    return step
  }

  private static func step(_ name: String, _ value: String?) throws -> Step {
    if name == "flip" {
      if let value { throw AugmentationError("augmentation flip has no value; received \(value)") }
      return .flip
    }
    guard let number = value.flatMap(Float.init) else {
      throw AugmentationError(
        "augmentation \(name) needs a number, as in \(example(name)); received \(value ?? "none")")
    }
    return switch name {
    case "shift": .shift(number)
    case "rotate": .rotate(number)
    case "zoom": .zoom(number)
    case "brightness": .brightness(number)
    case "contrast": .contrast(number)
    case "noise": .noise(number)
    default: .erase(number)
    }
  }

  /// `28`, or `28+4` with the pixels around the picture.
  private static func crop(_ value: String?) throws -> Step {
    let parts = (value ?? "").split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard !numbers.isEmpty, numbers.count == parts.count else {
      throw AugmentationError(
        "augmentation crop needs a size in pixels, as in crop=28, or with a padding, as in crop=28+4; received "
          + (value ?? "none"))
    }
    return numbers.count == 1 ? .crop(numbers[0]) : .crop(numbers[0], padding: numbers[1])
  }

  private static func example(_ name: String) -> String {
    switch name {
    case "shift": "shift=2"
    case "rotate": "rotate=15"
    default: "\(name)=0.1"
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    let kept = text.drop { $0 == " " }
    return String(kept.reversed().drop { $0 == " " }.reversed())
  }
}

extension Augmentation.Step {
  /// What is wrong with the value of a step; nil where it lies in its range.
  var problem: String? {
    func check(_ isRight: Bool, _ rule: String) -> String? {
      isRight ? nil : "augmentation \(self): \(rule)"
    }
    switch self {
    case .flip: return nil
    case .shift(let amount):
      return check(
        amount >= 0 && (amount < 1 || amount <= 1024 && amount == amount.rounded()),
        "a shift is a whole number of pixels up to 1024, or a share of the sizes between 0 and 1")
    case .rotate(let degrees):
      return check((0...180).contains(degrees), "a rotation has 0 to 180 degrees")
    case .zoom(let share):
      return check((0...0.9).contains(share), "a zoom is a share of 0 to 0.9")
    case .crop(let size, let padding):
      return check(
        (1...8192).contains(size) && (0...1024).contains(padding),
        "a crop has 1 to 8192 pixels, and a padding of 0 to 1024")
    case .brightness(let share), .contrast(let share):
      return check((0...1).contains(share), "it is a share of 0 to 1")
    case .noise(let deviation):
      return check((0...1).contains(deviation), "noise is a share of 0 to 1 of the largest value")
    case .erase(let probability):
      return check((0...1).contains(probability), "erasing has a probability of 0 to 1")
    }
  }
}
