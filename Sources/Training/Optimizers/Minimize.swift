import MartletLayers

extension Optimizer {
  /// One step that makes the loss of a closure smaller: its gradients and the update along them. Large gradients live
  /// only until their parameter is updated, in the middle of the backward pass, so that a step takes less memory than
  /// `valueWithGradients` and `update` one after the other. The bits are the same.
  ///
  /// ```swift
  /// let loss = try adam.minimize(model) { softmaxCrossEntropy(logits: model(images), labels: labels) }
  /// ```
  /// - Throws: what the closure throws, `ShapeError`, `DeviceError`; `NonFiniteLoss` where the loss is NaN or infinite,
  ///   before anything has changed.
  @discardableResult
  public func minimize(
    _ model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> Tensor
  ) throws -> Tensor {
    try base.minimize(model, unused, by: self, body, loss: { $0 }, map: { $1($0) })
  }

  /// The same for a closure that returns the loss and further results, which leave the scope too.
  @discardableResult
  public func minimize<Extra: TensorGroup>(
    _ model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> (Tensor, Extra)
  ) throws -> (Tensor, Extra) {
    try base.minimize(
      model, unused, by: self, body, loss: { $0.0 }, map: { ($1($0.0), $0.1.mapTensors($1)) })
  }

  @discardableResult
  public func minimize<A: TensorGroup, B: TensorGroup>(
    _ model: any Layer, unused: UnusedParameters = .error, _ body: () throws -> (Tensor, A, B)
  ) throws -> (Tensor, A, B) {
    try base.minimize(
      model, unused, by: self, body, loss: { $0.0 },
      map: { ($1($0.0), $0.1.mapTensors($1), $0.2.mapTensors($1)) })
  }
}

extension OptimizerBase {
  /// Gradients of fewer bytes stay, and are used together: a stretch of small parameters moves in one pass.
  private static let smallestTaken = 1 << 18

  fileprivate func minimize<R>(
    _ model: any Layer, _ unused: UnusedParameters, by optimizer: any Optimizer, _ body: () throws -> R,
    loss: (R) -> Tensor, map: @escaping (R, (Tensor) -> Tensor) -> R
  ) throws -> R {
    precondition(
      Context.trace == nil, "an optimizer steps outside of scopes, where gradients have values")
    let trainable = model.parameters.map(\.parameter).filter { $0.isTrainable && $0.cell != nil }
    let slots = try slots(of: trainable, in: model, by: optimizer)
    let known = Dictionary(uniqueKeysWithValues: slots.map { (ObjectIdentifier($0.parameter), $0) })
    let taker = GradientTaker { parameter in
      parameter.shape!.count * 4 >= Self.smallestTaken && known[ObjectIdentifier(parameter)] != nil
    } check: { loss in
      _ = try loss.finiteLoss()
    } take: { parameter, gradient in
      try self.advance([Moving(known[ObjectIdentifier(parameter)]!, gradient: gradient)], by: optimizer)
    }
    let (value, rest) = try differentiate(
      model, unused, body, loss: loss, map: map, taker: needsAllGradients ? nil : taker)
    _ = try loss(value).finiteLoss()
    try update(model, along: rest, by: optimizer)
    return value
  }

  /// Whether no parameter can move before all gradients are there.
  private var needsAllGradients: Bool {
    if case .globalNorm = clipping { true } else { false }
  }
}
