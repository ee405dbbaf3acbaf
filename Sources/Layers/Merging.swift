/// A layer of several inputs of one shape, or that fit together.
public protocol MergingLayer: Layer {
  /// The branches, each of which gets the layer's input when it is used as a layer of one.
  var branches: [any Layer] { get }
  func merge(_ inputs: [Tensor]) -> Tensor
}

extension MergingLayer {
  /// Merges what the branches make of one input.
  public func forward(_ x: Tensor) -> Tensor { merge(branches.map { $0(x) }) }

  /// Merges several tensors.
  public func callAsFunction(_ first: Tensor, _ second: Tensor, _ more: Tensor...) -> Tensor {
    callAsFunction([first, second] + more)
  }
  public func callAsFunction(_ inputs: [Tensor]) -> Tensor {
    precondition(!inputs.isEmpty, "\(self) needs at least one input")
    return within(self, inputs[0]) { merge(inputs) }
  }
}

/// The sum of its inputs, or of what its branches make of one input: a skip connection.
///
/// ```swift
/// Add {
///   Identity()
///   Conv2D(32, kernelSize: 3, padding: .same)
/// }
/// ```
public final class Add: MergingLayer {
  public let branches: [any Layer]
  public init(@LayerBuilder _ branches: () -> [any Layer] = { [] }) { self.branches = branches() }
  public func merge(_ inputs: [Tensor]) -> Tensor { inputs.dropFirst().reduce(inputs[0]) { $0 + $1 } }
  public var description: String { branchText("Add", branches) }
}

/// Its inputs, or what its branches make of one input, one after another along an axis.
public final class Concatenate: MergingLayer {
  public let axis: Int
  public let branches: [any Layer]
  public init(axis: Int = -1, @LayerBuilder _ branches: () -> [any Layer] = { [] }) {
    self.axis = axis
    self.branches = branches()
  }
  public func merge(_ inputs: [Tensor]) -> Tensor { Tensor.concatenated(inputs, axis: axis) }
  public var description: String {
    branchText(ConstructorText("Concatenate").adding("axis", axis, unless: -1).text, branches)
  }
}

/// The product of its inputs.
public final class Multiply: MergingLayer {
  public let branches: [any Layer]
  public init(@LayerBuilder _ branches: () -> [any Layer] = { [] }) { self.branches = branches() }
  public func merge(_ inputs: [Tensor]) -> Tensor { inputs.dropFirst().reduce(inputs[0]) { $0 * $1 } }
  public var description: String { branchText("Multiply", branches) }
}

/// The first of two inputs minus the second.
public final class Subtract: MergingLayer {
  public let branches: [any Layer]
  public init(@LayerBuilder _ branches: () -> [any Layer] = { [] }) { self.branches = branches() }
  public func merge(_ inputs: [Tensor]) -> Tensor {
    guard inputs.count == 2 else {
      return inputs[0].failing(
        "Subtract needs two inputs; received \(inputs.count)", file: #fileID, line: #line)
    }
    return inputs[0] - inputs[1]
  }
  public var description: String { branchText("Subtract", branches) }
}

/// The mean of its inputs.
public final class Average: MergingLayer {
  public let branches: [any Layer]
  public init(@LayerBuilder _ branches: () -> [any Layer] = { [] }) { self.branches = branches() }
  public func merge(_ inputs: [Tensor]) -> Tensor {
    inputs.dropFirst().reduce(inputs[0]) { $0 + $1 } * (1 / Float(inputs.count))
  }
  public var description: String { branchText("Average", branches) }
}

/// The largest of its inputs, element by element.
public final class Maximum: MergingLayer {
  public let branches: [any Layer]
  public init(@LayerBuilder _ branches: () -> [any Layer] = { [] }) { self.branches = branches() }
  public func merge(_ inputs: [Tensor]) -> Tensor { inputs.dropFirst().reduce(inputs[0]) { maximum($0, $1) } }
  public var description: String { branchText("Maximum", branches) }
}

/// The smallest of its inputs, element by element.
public final class Minimum: MergingLayer {
  public let branches: [any Layer]
  public init(@LayerBuilder _ branches: () -> [any Layer] = { [] }) { self.branches = branches() }
  public func merge(_ inputs: [Tensor]) -> Tensor { inputs.dropFirst().reduce(inputs[0]) { minimum($0, $1) } }
  public var description: String { branchText("Minimum", branches) }
}

/// The input itself.
public final class Identity: Layer {
  public init() {}
  public func forward(_ x: Tensor) -> Tensor { x }
}

/// A call with the layers of its block below it.
func branchText(_ name: String, _ branches: [any Layer]) -> String {
  let call = name.hasSuffix(")") ? name : "\(name)()"
  if branches.isEmpty { return call }
  let lines = branches.map { "  " + $0.description.indented }
  return "\(name) {\n" + lines.joined(separator: "\n") + "\n}"
}
