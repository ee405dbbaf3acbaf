import MartletLayers

/// What a case's operation gave.
struct Answer {
  /// Tensors to compare with those of the case, by name.
  var tensors: [String: Tensor] = [:]
  /// What was measured where there is nothing to compare element by element.
  var measures: [Measure] = []

  /// A number that may not exceed a limit.
  struct Measure {
    var name: String
    var value: Double
    var limit: Double
  }

  /// Adds a condition that holds or does not.
  mutating func expect(_ name: String, _ holds: Bool) {
    measures.append(Measure(name: name, value: holds ? 0 : 2, limit: 1))
  }
}

/// The operations of one family.
protocol CaseFamily {
  /// Runs a case; nil where its operation belongs to another family.
  ///
  /// - Throws: `Unsupported` for an option that the library does not offer; whatever the library throws.
  static func answer(_ reader: CaseReader) throws -> Answer?
}

extension CaseReader {
  /// Runs a function of tensors, and takes the gradients of Σ y * dy with respect to all of them.
  ///
  /// - Parameter inputs: names of tensors; the gradient of `x` is called `dx`.
  func answer(of inputs: [String] = ["x"], _ body: ([Tensor]) throws -> Tensor) throws -> Answer {
    let result = try differentiated(inputs.map(tensor), seed: tensor("dy"), body)
    var answer = Answer(tensors: ["y": result.y])
    for (name, gradient) in zip(inputs, result.inputs) { answer.tensors["d" + name] = gradient }
    return answer
  }

  /// Builds a layer for the tensor `x`, sets its parameters to tensors of the case, and runs it forward and backward.
  ///
  /// - Parameter parameters: by the names that the case gives them.
  func answer(layer: any Layer, parameters: [(name: String, parameter: Parameter)]) throws -> Answer {
    let x = try tensor("x")
    try prepare(layer, for: x, parameters: parameters)
    let result = try differentiated([x], parameters: parameters.map(\.parameter), seed: tensor("dy")) {
      layer($0[0])
    }
    var answer = Answer(tensors: ["y": result.y, "dx": result.inputs[0]])
    for ((name, _), gradient) in zip(parameters, result.parameters) { answer.tensors["d" + name] = gradient }
    return answer
  }

  /// Builds a layer and gives its parameters the case's values.
  func prepare(
    _ layer: any Layer, for x: Tensor, parameters: [(name: String, parameter: Parameter)], suffix: String = ""
  ) throws {
    try layer.build(input: Shape(x.shape.sizes.dropFirst()))
    for (name, parameter) in parameters {
      let value = try tensor(name + suffix)
      guard value.shape == parameter.shape else {
        throw ShapeError("\(name) is \(value.shape); the layer expects \(parameter.shape ?? [])")
      }
      parameter.value = value
    }
  }

  /// A function's value y, and the gradients of Σ y * dy with respect to its inputs and to parameters.
  func differentiated(
    _ inputs: [Tensor], parameters: [Parameter] = [], seed dy: Tensor, phase: Phase = .training,
    _ body: ([Tensor]) throws -> Tensor
  ) throws -> (y: Tensor, inputs: [Tensor], parameters: [Tensor]) {
    let result = try compute(phase: phase) {
      var y = dy
      let (sum, ofInputs) = try valueWithGradients(at: inputs) {
        y = try body($0)
        guard y.shape == dy.shape else { throw ShapeError("the output is \(y.shape) instead of \(dy.shape)") }
        return (y * dy).sum()
      }
      return (y, ofInputs, gradients(of: sum, withRespectTo: parameters.map(\.value)))
    }
    return result
  }
}
