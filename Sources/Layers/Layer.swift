/// A part of a network: hyperparameters, parameters, and one function of a tensor.
///
/// A layer is a class whose stored properties hold its parameters, states and inner layers, also in arrays,
/// dictionaries and optionals; they are found by reflection and named by their property paths.
///
/// ```swift
/// final class Residual: Layer {
///   let conv = Conv2D(32, kernelSize: 3, padding: .same, activation: .relu)
///   func forward(_ x: Tensor) -> Tensor { x + conv(x) }
/// }
/// ```
public protocol Layer: AnyObject, CustomStringConvertible {
  /// The layer's output. Call the layer itself instead, `layer(x)`, so that errors and profiles know its name.
  func forward(_ x: Tensor) -> Tensor
}

extension Layer {
  /// Applies the layer. Outside a scope it runs at once, and a model that was not built is built for this input.
  public func callAsFunction(_ x: Tensor) -> Tensor { within(self, x) { forward(x) } }

  /// The name of the type; layers with hyperparameters print their constructor.
  public var description: String { "\(type(of: self))()" }
}

/// Runs the body of a layer whose call has another signature than `forward`, under the layer's name.
public func within(_ layer: any Layer, _ x: Tensor, _ body: () -> Tensor) -> Tensor {
  let context = ModelContext.current
  guard let label = context.structure?.label(of: layer) else {
    context.structure?.noteStranger()
    return enter(layer, x, body)
  }
  guard let trace = Context.trace else { return enter(layer, x, body) }
  let start = trace.count
  let call = context.build?.begin()
  let y = trace.within(layer: label, body)
  if let call, let build = context.build {
    build.end(call, layer: layer, path: label.path, output: y, records: start..<trace.count)
  }
  context.capture?.note(label.path, y)
  return y
}

/// The outermost call of a model: builds it where needed, and opens a scope where none is.
private func enter(_ layer: any Layer, _ x: Tensor, _ body: () -> Tensor) -> Tensor {
  do {
    let structure = ModelStructure.of(layer)
    if !structure.isBuilt && Context.trace?.isDry != true { try layer.build(inputShape: x.shape) }
    return try structure.use {
      guard Context.trace == nil else { return within(layer, x, body) }
      return try compute { within(layer, x, body) }
    }
  } catch let error as ShapeError where Context.trace != nil {
    return x.failing(error)
  } catch {
    preconditionFailure("\(error)")
  }
}

/// What layers find around them besides tensors' own context: the model that runs, and who listens.
struct ModelContext: Sendable {
  var structure: ModelStructure?
  var build: BuildSession?
  var capture: Capture?

  @TaskLocal static var current = ModelContext()

  func run<R>(_ body: () throws -> R) rethrows -> R { try Self.$current.withValue(self, operation: body) }
}
