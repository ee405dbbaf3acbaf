/// A place in a network under construction: calling a layer on it gives the place after the layer.
///
/// ```swift
/// let input = Node()
/// let body = Conv2D(16, kernelSize: 3, padding: .same, activation: .relu)(input)
/// let model = Functional(from: input, to: Dense(10)(GlobalAveragePooling2D()(Add()(body, body))))
/// ```
public final class Node {
  let layer: (any Layer)?
  let inputs: [Node]

  /// An input of the network.
  public init() {
    layer = nil
    inputs = []
  }

  init(_ layer: any Layer, _ inputs: [Node]) {
    self.layer = layer
    self.inputs = inputs
  }
}

extension Layer {
  /// The place after this layer.
  public func callAsFunction(_ input: Node) -> Node { Node(self, [input]) }
}

extension MergingLayer {
  /// The place after merging several.
  public func callAsFunction(_ inputs: Node...) -> Node { Node(self, inputs) }
  public func callAsFunction(_ inputs: [Node]) -> Node { Node(self, inputs) }
}

/// A network between two places: Keras's functional model. A layer that stands in two places shares its weights.
public final class Functional: Layer {
  /// Each layer once, in the order in which they run.
  public let layers: [any Layer]
  private let steps: [Step]

  private struct Step {
    let layer: any Layer
    let inputs: [Int]
  }

  /// - Precondition: `output` is reached from `input` alone.
  public init(from input: Node, to output: Node) {
    var steps: [Step] = []
    var layers: [any Layer] = []
    var positions = [ObjectIdentifier(input): 0]
    func place(_ node: Node) -> Int {
      if let position = positions[ObjectIdentifier(node)] { return position }
      guard let layer = node.layer else {
        preconditionFailure("the network's output depends on an input that is not the one given")
      }
      let inputs = node.inputs.map(place)
      steps.append(Step(layer: layer, inputs: inputs))
      if !layers.contains(where: { $0 === layer }) { layers.append(layer) }
      positions[ObjectIdentifier(node)] = steps.count
      return steps.count
    }
    precondition(place(output) == steps.count, "the output of a network is the last of its places")
    self.steps = steps
    self.layers = layers
  }

  public func forward(_ x: Tensor) -> Tensor {
    var values = [x]
    for step in steps {
      let inputs = step.inputs.map { values[$0] }
      if let merging = step.layer as? any MergingLayer, merging.branches.isEmpty {
        values.append(merging(inputs))
      } else {
        values.append(step.layer(inputs[0]))
      }
    }
    return values.last!
  }

  public var description: String {
    "Functional {\n" + layers.map { "  " + $0.description.indented }.joined(separator: "\n") + "\n}"
  }
}
