/// The text of a constructor call, with the arguments that differ from their defaults.
struct ConstructorText {
  private let name: String
  private var arguments: [String]

  init(_ name: String, _ first: Any...) {
    self.name = name
    arguments = first.map { "\($0)" }
  }

  /// Adds a labelled argument where it is not the default.
  func adding<T: Equatable>(_ label: String, _ value: T, unless usual: T) -> ConstructorText {
    value == usual ? self : adding(label, value)
  }

  func adding(_ label: String, _ value: Any) -> ConstructorText {
    var text = self
    text.arguments.append("\(label): \(value)")
    return text
  }

  /// Adds an argument without a label.
  func adding(_ value: Any) -> ConstructorText {
    var text = self
    text.arguments.append("\(value)")
    return text
  }

  var text: String { "\(name)(\(arguments.joined(separator: ", ")))" }
}
