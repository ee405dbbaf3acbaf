@_exported import MartletTensor

/// A trained array of a layer. Its shape is fixed, and its value made by the initializer, when the model is built.
///
/// A layer reads it in `forward` by calling it with the shape that the input asks for:
/// `kernel([3, 3, x.shape[-1], filters])`.
public final class Parameter {
  public let initializer: Initializer
  /// Whether gradients are taken and optimizers change it.
  public var isTrainable = true
  /// The dotted path in the model that was built, as in `layers.0.kernel`.
  public internal(set) var name = ""
  /// Nil until the model is built.
  public internal(set) var shape: Shape?
  package internal(set) var cell: Cell?

  public init(_ initializer: Initializer) { self.initializer = initializer }

  /// The value, checked against the shape that the layer expects.
  public func callAsFunction(
    _ expected: Shape, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    if let build = ModelContext.current.build, let trace = Context.current.trace, trace.isDry {
      return build.read(self, expected, in: trace, file: file, line: line)
    }
    guard let cell else {
      preconditionFailure(
        "\(name.isEmpty ? "a parameter" : name) has no value yet: call build(input:) on the model")
    }
    guard cell.shape == expected else {
      return cell.read().failing(
        "\(name) is \(cell.shape), and this input asks for \(expected)", file: file, line: line)
    }
    return cell.read()
  }

  /// The value. Outside a scope it is a copy that training does not change; what is assigned inside a scope is seen by
  /// later reads there, and kept when the scope ends well.
  public var value: Tensor {
    get {
      guard let cell else {
        preconditionFailure(
          "\(name.isEmpty ? "a parameter" : name) has no value yet: call build(input:) on the model")
      }
      return cell.read()
    }
    set { set(newValue) }
  }

  private func set(_ newValue: Tensor) {
    guard let cell else {
      preconditionFailure(
        "\(name.isEmpty ? "a parameter" : name) has no value yet: call build(input:) on the model")
    }
    guard Context.current.trace == nil else { return cell.assign(newValue) }
    do {
      try cell.overwrite(with: newValue)
    } catch {
      fatalError("\(error)")
    }
  }
}

/// An array that a layer keeps and changes itself, such as a moving mean: saved with the model, never differentiated.
public final class State {
  public let initialValue: Float
  public internal(set) var name = ""
  public internal(set) var shape: Shape?
  package internal(set) var cell: Cell?

  public init(_ initialValue: Float) { self.initialValue = initialValue }

  /// The value, checked against the shape that the layer expects. Inside a scope it is what was assigned last.
  public func callAsFunction(
    _ expected: Shape, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    if let build = ModelContext.current.build, let trace = Context.current.trace, trace.isDry {
      return build.read(self, expected, in: trace, file: file, line: line)
    }
    guard let cell else {
      preconditionFailure(
        "\(name.isEmpty ? "a state" : name) has no value yet: call build(input:) on the model")
    }
    guard cell.shape == expected else {
      return cell.read().failing(
        "\(name) is \(cell.shape), and this input asks for \(expected)", file: file, line: line)
    }
    return cell.read()
  }

  /// Replaces the value: in a scope when that ends well, elsewhere at once.
  public func assign(_ value: Tensor) { cell?.assign(value) }
}
