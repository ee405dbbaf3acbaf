@_exported import MartletTensor

/// An array that belongs to a layer: a `Parameter` that is trained, or a `State` that the layer changes itself. Its shape
/// is fixed, and its first value made, when the model is built.
///
/// A layer reads it in `forward` by calling it with the shape that the input asks for:
/// `kernel([3, 3, x.shape[-1], filters])`.
public class Variable {
  /// The dotted path in the model that was built, as in `layers.0.kernel`.
  public internal(set) var name = ""
  /// Nil until the model is built.
  public internal(set) var shape: Shape?
  @exclusivity(unchecked) package internal(set) var cell: Cell?

  fileprivate init() {}

  /// The value, checked against the shape that the layer expects. Inside a scope it is what was assigned last.
  public func callAsFunction(
    _ expected: Shape, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let trace = Context.trace
    if let trace, trace.isDry, let build = ModelContext.current.build {
      return build.read(self, expected, in: trace, file: file, line: line)
    }
    let cell = builtCell
    guard cell.shape == expected else {
      return cell.read().failing(
        "\(name) is \(cell.shape), and this input asks for \(expected)", file: file, line: line)
    }
    return trace?.read(cell) ?? cell.read()
  }

  /// The value. Outside a scope it is a copy that training does not change; what is assigned inside a scope is seen by
  /// later reads there, and kept when the scope ends well.
  public var value: Tensor {
    get { builtCell.read() }
    set { set(newValue) }
  }

  private func set(_ newValue: Tensor) {
    guard Context.trace == nil else { return builtCell.assign(newValue) }
    do {
      try builtCell.overwrite(with: newValue)
    } catch {
      fatalError("\(error)")
    }
  }

  fileprivate var builtCell: Cell {
    guard let cell else {
      preconditionFailure(
        "\(name.isEmpty ? "a parameter" : name) has no value yet: call build(input:) on the model")
    }
    return cell
  }
}

/// A trained array of a layer, whose first value an initializer makes.
public final class Parameter: Variable {
  public let initializer: Initializer
  /// Whether gradients are taken and optimizers change it.
  public var isTrainable = true

  public init(_ initializer: Initializer) { self.initializer = initializer }
}

/// An array that a layer keeps and changes itself, such as a moving mean: saved with the model, never differentiated.
public final class State: Variable {
  public let initialValue: Float

  public init(_ initialValue: Float) { self.initialValue = initialValue }

  /// Replaces the value: in a scope when that ends well, elsewhere at once. In a dry run there is none to replace.
  public func assign(_ value: Tensor) { cell?.assign(value) }
}
