/// A function of a tensor as a layer, without parameters of its own.
///
/// ```swift
/// Lambda("square") { $0.squared() }
/// ```
public final class Lambda: Layer {
  /// What it prints as.
  public let name: String
  private let body: @Sendable (Tensor) -> Tensor

  public init(_ name: String, _ body: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.body = body
  }

  public func forward(_ x: Tensor) -> Tensor { body(x) }
  public var description: String { ConstructorText("Lambda", "\"\(name)\"").text }
}
