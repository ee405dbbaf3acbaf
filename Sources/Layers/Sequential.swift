/// Layers one after another.
///
/// ```swift
/// let model = Sequential {
///   Conv2D(32, kernelSize: 3, activation: .relu)
///   MaxPool2D(2)
///   Flatten()
///   Dense(10)
/// }
/// ```
public final class Sequential: Layer {
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }
  public convenience init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  public func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }

  public var description: String {
    "Sequential {\n" + layers.map { "  " + $0.description.indented }.joined(separator: "\n") + "\n}"
  }
}

/// Collects the layers of a block; `if`, `else` and `for` work inside.
@resultBuilder
public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
}

extension String {
  /// Lines after the first moved in by one step.
  var indented: String { split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ") }
}
