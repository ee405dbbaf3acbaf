/// The gradients of a model's trainable parameters.
public struct Gradients: TensorGroup {
  public private(set) var entries: [(parameter: Parameter, gradient: Tensor)]
  /// The memory that holds all gradients one after another, in the order of the entries.
  package private(set) var arena: Storage?

  package init(_ entries: [(parameter: Parameter, gradient: Tensor)], arena: Storage? = nil) {
    self.entries = entries
    self.arena = arena
  }

  /// The gradient of a parameter, which must be one of the model's trainable ones.
  public subscript(parameter: Parameter) -> Tensor {
    guard let entry = entries.first(where: { $0.parameter === parameter }) else {
      preconditionFailure(
        "there is no gradient of \(parameter.name): it was not asked for, or it is not trainable")
    }
    return entry.gradient
  }

  public func mapTensors(_ transform: (Tensor) -> Tensor) -> Gradients {
    Gradients(entries.map { ($0.parameter, transform($0.gradient)) }, arena: arena)
  }
}

/// What happens when a loss does not reach a trainable parameter.
public enum UnusedParameters: Sendable {
  /// An error that names them.
  case error
  /// Their gradients are zeros.
  case zero
}

/// A loss and its gradients with respect to the trainable parameters of one model, in the training phase. Other
/// models that take part are left alone: a GAN needs nothing more.
///
/// ```swift
/// let (loss, gradients) = try valueWithGradients(of: model) {
///   softmaxCrossEntropy(logits: model(images), labels: labels)
/// }
/// ```
/// - Throws: what the closure throws, `ShapeError` for shapes that do not fit and for parameters that the loss does
///   not reach, `DeviceError`.
public func valueWithGradients(
  of model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> Tensor
) throws -> (value: Tensor, gradients: Gradients) {
  try differentiate(model, unused, body, loss: { $0 }, map: { $1($0) })
}

/// The same for a closure that returns the loss and further results, which leave the scope too.
///
/// ```swift
/// let ((loss, logits), gradients) = try valueWithGradients(of: model) { … }
/// ```
public func valueWithGradients<Extra: TensorGroup>(
  of model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> (Tensor, Extra)
) throws -> (value: (Tensor, Extra), gradients: Gradients) {
  try differentiate(model, unused, body, loss: { $0.0 }, map: { ($1($0.0), $0.1.mapTensors($1)) })
}

public func valueWithGradients<A: TensorGroup, B: TensorGroup>(
  of model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> (Tensor, A, B)
) throws -> (value: (Tensor, A, B), gradients: Gradients) {
  try differentiate(
    model, unused, body, loss: { $0.0 }, map: { ($1($0.0), $0.1.mapTensors($1), $0.2.mapTensors($1)) })
}

/// The gradients alone, where the loss is not asked for.
public func gradients(
  of model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> Tensor
) throws -> Gradients {
  try valueWithGradients(of: model, unused: unused, body).gradients
}

/// Who takes gradients as soon as they are made, so that they do not have to lie side by side.
package struct GradientTaker {
  /// Whether it takes the gradient of a parameter.
  package let wants: (Parameter) -> Bool
  /// Gets the loss before the first gradient is taken; what it throws ends the scope.
  package let check: (Tensor) throws -> Void
  package let take: (Parameter, Storage) throws -> Void

  package init(
    wants: @escaping (Parameter) -> Bool, check: @escaping (Tensor) throws -> Void,
    take: @escaping (Parameter, Storage) throws -> Void
  ) {
    (self.wants, self.check, self.take) = (wants, check, take)
  }
}

/// The values of a closure and its gradients. Outside every scope a taker may take some of these, which are then not
/// among those that are returned.
package func differentiate<R>(
  _ model: any Layer, _ unused: UnusedParameters, _ body: () throws -> R, loss: (R) -> Tensor,
  map: @escaping (R, (Tensor) -> Tensor) -> R, taker: GradientTaker? = nil
) throws -> (value: R, gradients: Gradients) {
  let isOutermost = Context.trace == nil
  var taken: [(parameter: Parameter, gradient: Tensor)] = []
  return try withContext(phase: .training) {
    try Scope.run(
      destinations: { (result: (value: R, gradients: Gradients), place) in
        if isOutermost { result.gradients.place(place) }
      },
      updates: { result in
        taker.map { taker in
          Updates(
            taken.map { ($0.gradient, $0.parameter.cell!) }, after: loss(result.value), check: taker.check,
            apply: { try taker.take(taken[$0].parameter, $1) })
        }
      },
      { trace in
        let value = try body()
        var gradients = try model.gradients(of: loss(value), unused, in: trace)
        if isOutermost {
          if let taker { taken = gradients.split { taker.wants($0) && !trace.hasAssigned($0.cell!) } }
          gradients = try gradients.withArena(on: trace.device)
        }
        return (value, gradients)
      },
      map: { (map($0.value, $1), $0.gradients.mapTensors($1)) })
  }
}

extension Layer {
  fileprivate func gradients(of loss: Tensor, _ unused: UnusedParameters, in trace: Trace) throws -> Gradients
  {
    if let failure = trace.failure { throw failure }
    guard loss.count == 1 else {
      throw ShapeError(
        "gradients are taken of one number; the loss is \(loss.shape). Take its mean() or sum()")
    }
    let structure = ModelStructure.of(self)
    let trainable = structure.parameters.filter(\.isTrainable)
    guard trainable.allSatisfy({ $0.cell != nil }) else {
      throw ShapeError("the model was not built, and the closure did not call it: call build(input:) first")
    }
    let values = trainable.map { trace.read($0.cell!) }
    let gradients = trace.gradients(of: loss, withRespectTo: values)
    guard unused == .zero || gradients.allSatisfy({ $0 != nil }) else {
      let missing = trainable.indices.filter { gradients[$0] == nil }.map { trainable[$0].name }
      throw ShapeError(
        "the loss does not depend on \(missing.joined(separator: ", ")); set isTrainable = false, or pass "
          + "unused: .zero")
    }
    return Gradients(
      trainable.indices.map { index in
        (trainable[index], gradients[index] ?? Tensor.zeros(values[index].shape))
      })
  }
}

extension Gradients {
  /// Gives away the entries of some parameters.
  fileprivate mutating func split(
    where isTaken: (Parameter) -> Bool
  ) -> [(parameter: Parameter, gradient: Tensor)] {
    let taken = entries.filter { $0.gradient.recordIndex != nil && isTaken($0.parameter) }
    entries.removeAll { $0.gradient.recordIndex != nil && isTaken($0.parameter) }
    return taken
  }

  /// The same, with memory for all gradients in one piece.
  fileprivate func withArena(on device: any Device) throws -> Gradients {
    let byteCount = entries.indices.reduce(0) { $0 + entries[$1].gradient.count * 4 }
    let buffer = try device.allocate(byteCount: byteCount)
    return Gradients(entries, arena: Storage(device: device, buffer: buffer, byteCount: byteCount))
  }

  /// Says where each gradient goes in the arena.
  fileprivate func place(_ place: (Tensor, Storage) -> Void) {
    guard let arena else { return }
    var offset = 0
    for index in entries.indices {
      let bytes = offset..<offset + entries[index].gradient.count * 4
      place(entries[index].gradient, arena.slice(bytes))
      offset = bytes.upperBound
    }
  }
}
