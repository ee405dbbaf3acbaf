import Martlet
import MartletTensor

/// A case made ready: its arrays are on the device, and `run` does all of it once.
struct Work {
  let run: () throws -> Void
  /// Everything that goes in and comes out, for a comparison of the results.
  var arrays: () throws -> [String: Tensor] = { [:] }
  /// The SHA-256 of a network's weights.
  var hash: () throws -> String = { "" }
}

/// A case that cannot be done, and why.
struct CaseError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// One layer as a function of the arrays that it is differentiated by.
private struct LayerFunction {
  var inputs: [(name: String, value: Tensor)]
  /// Arrays that have no gradient.
  var constants: [String: Tensor] = [:]
  let body: ([Tensor]) -> Tensor
}

extension BenchmarkCase {
  /// The work of a layer's pass.
  ///
  /// - Throws: `CaseError` for what there is not; `ShapeError` for sizes that do not fit.
  func layerWork(_ pass: Pass) throws -> Work {
    if op == "adam" { return try optimizerWork(pass) }
    let function = try function()
    let values = function.inputs.map(\.value)
    let named = Dictionary(uniqueKeysWithValues: function.inputs.map { ($0.name, $0.value) })
      .merging(function.constants) { $1 }
    switch pass {
    case .forward:
      return Work {
        _ = try compute { function.body(values) }
      } arrays: {
        named.merging(["y": try compute { function.body(values) }]) { $1 }
      }
    case .forwardBackward:
      let dy = Tensor.randomNormal(try compute { function.body(values) }.shape)
      func step() throws -> (Tensor, [Tensor]) {
        try compute {
          let y = function.body(values)
          let gradients = Context.trace!.gradients(of: [(y, dy)], withRespectTo: values)
          return (y, gradients.map { $0! })
        }
      }
      return Work {
        _ = try step()
      } arrays: {
        let (y, gradients) = try step()
        let results = zip(function.inputs, gradients).map { ("d" + $0.name, $1) } + [("y", y), ("dy", dy)]
        return named.merging(results) { $1 }
      }
    case .train, .infer: throw CaseError("\(pass.rawValue) is for networks; \(name) is a layer")
    }
  }

  private func function() throws -> LayerFunction {
    guard let op, let x else { throw CaseError("a layer needs op and x") }
    let input = Tensor.randomNormal(Shape(x))
    func alone(_ body: @escaping (Tensor) -> Tensor) -> LayerFunction {
      LayerFunction(inputs: [("x", input)]) { body($0[0]) }
    }
    switch op {
    case "conv1d", "conv2d", "conv3d", "conv2d_transpose": return try convolution(input)
    case "signal1d", "signal2d":
      let window = Tensor.randomNormal(Shape(try needed(k, "k")))
      return LayerFunction(inputs: [("x", input), ("kernel", window)]) { convolve($0[0], $0[1], mode: .same) }
    case "maxpool", "avgpool":
      let (size, strides) = (Spatial(try needed(k, "k")), Spatial(try needed(s, "s")))
      let padding = try padding
      return alone {
        op == "maxpool"
          ? $0.maxPooled(size, strides: strides, padding: padding)
          : $0.averagePooled(size, strides: strides, padding: padding)
      }
    case "gap": return alone { $0.mean(axes: [1, 2]) }
    case "relu": return alone { $0.relu() }
    case "add":
      return LayerFunction(inputs: [("x", input), ("z", .randomNormal(Shape(x)))]) { $0[0] + $0[1] }
    case "bn":
      let channels: Shape = [x.last ?? 0]
      return LayerFunction(inputs: [("x", input), ("gamma", .ones(channels)), ("beta", .zeros(channels))]) {
        $0[0].batchNormalized(gamma: $0[1], beta: $0[2], epsilon: 1e-3).y
      }
    case "dense":
      let units = try needed(co, "co")
      return LayerFunction(
        inputs: [
          ("x", input), ("kernel", .randomNormal([x.last ?? 0, units])), ("bias", .randomNormal([units])),
        ]
      ) { $0[0].dense($0[1], bias: $0[2], activation: .linear) }
    case "xent":
      let labels = Tensor((0..<(x.first ?? 0)).map { Int32($0 * 7 % (x.last ?? 1)) })
      return LayerFunction(inputs: [("x", input)], constants: ["labels": labels]) {
        softmaxCrossEntropy(logits: $0[0], labels: labels)
      }
    case "upsample":
      return alone { $0.resized(height: 2 * $0.shape[1], width: 2 * $0.shape[2]) }
    default: throw CaseError("there is no layer \(op) here")
    }
  }

  private func convolution(_ input: Tensor) throws -> LayerFunction {
    let (size, filters) = (try needed(k, "k"), try needed(co, "co"))
    let (strides, padding) = (Spatial(try needed(s, "s")), try padding)
    let (dilation, groups) = (Spatial(d ?? [1]), groups ?? 1)
    let channels = input.shape[-1]
    let isTransposed = op == "conv2d_transpose"
    let kernel = isTransposed ? [filters / groups, channels] : [channels / groups, filters]
    return LayerFunction(
      inputs: [
        ("x", input), ("kernel", .randomNormal(Shape(size + kernel))), ("bias", .randomNormal([filters])),
      ]
    ) {
      isTransposed
        ? $0[0].transposedConvolution(
          $0[1], bias: $0[2], strides: strides, padding: padding, dilationRate: dilation, groups: groups)
        : $0[0].convolution(
          $0[1], bias: $0[2], strides: strides, padding: padding, dilationRate: dilation, groups: groups)
    }
  }

  /// Adam's step over parameters of the case's sizes, as after a backward pass.
  private func optimizerWork(_ pass: Pass) throws -> Work {
    guard pass == .forward else { throw CaseError("an optimizer's step is the pass fwd") }
    let parameters = ParameterList(try needed(sizes, "sizes").map { Shape($0) })
    try parameters.build(input: [1])
    let gradients = try gradients(of: parameters) { parameters(Tensor.ones([1, 1])).sum() }
    let optimizer = Adam()
    return Work {
      try optimizer.update(parameters, along: gradients)
      try Context.current.device.synchronize()
    }
  }

  private var padding: Padding {
    get throws {
      switch pad {
      case "same": .same
      case "valid": .valid
      default: throw CaseError("pad must be same or valid; received \(pad ?? "nothing")")
      }
    }
  }

  private func needed<T>(_ value: T?, _ key: String) throws -> T {
    guard let value else { throw CaseError("\(name) lacks \(key)") }
    return value
  }
}

/// A model that is nothing but parameters.
private final class ParameterList: Layer {
  let shapes: [Shape]
  let parameters: [Parameter]

  init(_ shapes: [Shape]) {
    self.shapes = shapes
    parameters = shapes.map { _ in Parameter(.glorotUniform) }
  }

  func forward(_ x: Tensor) -> Tensor {
    zip(parameters, shapes).reduce(x) { $0 + $1.0($1.1).sum() }
  }

  var description: String { "ParameterList(\(shapes))" }
}
