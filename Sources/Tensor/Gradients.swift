/// What a derivative rule sees: the operands and outputs of one record, and the gradients of its outputs.
struct Differential {
  let operands: [Tensor]
  let outputs: [Tensor]
  /// The gradient of each output, nil where nothing depends on it.
  let cotangents: [Tensor?]
  /// Which operands' gradients somebody wants.
  let isWanted: [Bool]

  /// The gradient of the only output.
  var dy: Tensor { cotangents[0]! }
  /// The only output.
  var y: Tensor { outputs[0] }

  /// The gradient of an output, zeros where nothing depends on it.
  func cotangent(_ output: Int) -> Tensor { cotangents[output] ?? Tensor.zeros(outputs[output].shape) }
}

extension Primitive {
  /// The gradients of the operands; nil where there is none. Each rule stands in the file of its operation and
  /// records further operations, so that gradients of gradients need nothing more.
  func derivative(_ d: Differential) -> [Tensor?] {
    switch self {
    case .elementwise(let program): program.derivative(d)
    case .reduction(let reduction, _): reduction.derivative(d)
    case .gemm(let gemm, let epilogue): gemm.derivative(epilogue, d)
    case .convolution(let pass, let geometry, let epilogue): geometry.derivative(of: pass, epilogue, d)
    case .pooling(let pass, let geometry): geometry.derivative(of: pass, d)
    case .resampling(let pass, let geometry): geometry.derivative(of: pass, d)
    case .batchNormalization: BatchStatistics.derivative(d)
    case .batchNormalizationBackward: BatchStatistics.derivativeOfBackward(d)
    case .softmax(let logarithm): Softmax.derivative(logarithm: logarithm, d)
    case .softmaxCrossEntropy: Softmax.derivativeOfCrossEntropy(d)
    case .softmaxCrossEntropyBackward: Softmax.derivativeOfCrossEntropyBackward(d)
    case .gather(let gather): gather.derivative(d)
    case .scatterAdd(let gather): gather.derivativeOfScatter(d)
    case .copy(let copy): copy.derivative(d)
    case .topK: TopK.derivative(d)
    case .fill: [d.dy.sum()]
    case .random: d.operands.map { _ in nil }
    }
  }
}

extension Trace {
  /// Records the gradients of a tensor's sum with respect to tensors of this trace.
  package func gradients(of y: Tensor, withRespectTo sources: [Tensor]) -> [Tensor?] {
    guard !y.isFailed else { return sources.map { $0 } }
    return gradients(of: [(y, Tensor.full(y.shape, 1))], withRespectTo: sources)
  }

  /// Records the gradients of Σ seed * y over several y with respect to tensors of this trace. Seeds count as constant.
  ///
  /// - Parameters:
  ///   - isPartial: whether the sources count as independent of each other, so that nothing flows through one to
  ///     another.
  /// - Returns: one gradient for each of `sources`, nil for those that y does not depend on.
  package func gradients(
    of ys: [(y: Tensor, seed: Tensor)], withRespectTo sources: [Tensor], isPartial: Bool = false
  ) -> [Tensor?] {
    guard !hasFailed(sources), !ys.contains(where: { $0.y.isFailed || $0.seed.isFailed })
    else { return sources.map { $0 } }
    let question = Derivation.Question(
      ys: ys.map { position(of: $0.y, site: .unknown) },
      seeds: ys.map { position(of: $0.seed, site: .unknown) },
      sources: sources.map { position(of: $0, site: .unknown) }, isPartial: isPartial, segments: segments)
    // Where nothing is planned every record runs as it is made.
    guard !isImmediate && !isDry else { return derive(question).gradients }
    if let known = Derivation.known(question, in: &list) {
      return known.gradients.map { $0.map { tensor(Int($0)) } }
    }
    let before = list
    let (gradients, origins) = derive(question)
    if failure == nil {
      Derivation.remember(
        question, before: before, in: list, origins: origins,
        gradients: gradients.map { $0.map { Int32($0.recordIndex!) } })
    }
    return gradients
  }

  /// Records a derivative: the gradients of its sources, and the record that each new one follows from.
  private func derive(_ question: Derivation.Question) -> (gradients: [Tensor?], origins: [Int32]) {
    let last = question.ys.max().map { Int($0) } ?? 0
    let positions = question.sources.map { Int($0) }
    let isActive = dependsOn(positions, through: last)
    var gradients = [Tensor?](repeating: nil, count: last + 1)
    var parts: [Int: [Int: Tensor]] = [:]
    var origins: [Int32] = []
    func following(_ index: Int, _ body: () -> Void) {
      let first = count
      inheritingOrigin(of: index, body)
      origins += repeatElement(Int32(index), count: count - first)
    }
    for (y, seed) in zip(question.ys, question.seeds) {
      let seed = tensor(Int(seed))
      following(Int(y)) { gradients[Int(y)] = gradients[Int(y)].map { $0 + seed } ?? seed }
    }
    // Segments whose inner values were not recorded again yet, and what stands for them since.
    var segments = question.segments[...]
    var copies: [Int32: Int32] = [:]
    var index = last
    while index >= 0 {
      defer { index -= 1 }
      guard isActive[index], gradients[index] != nil || parts[index] != nil else { continue }
      if question.isPartial && positions.contains(index) { continue }
      while let segment = segments.last, index < segment.records.upperBound {
        segments.removeLast()
        if segment.records.contains(index) { recordAgain(segment, &copies, following: following) }
      }
      following(index) {
        propagate(
          index, gradient: gradients[index], parts: parts[index] ?? [:], isActive: isActive, copies: copies
        ) {
          operand, gradient in
          gradients[operand] = gradients[operand].map { $0 + gradient } ?? gradient
        } addPart: { record, part, gradient in
          parts[record, default: [:]][part] = gradient
        }
      }
    }
    return (positions.map { $0 <= last ? gradients[$0] : nil }, origins)
  }

  /// Which records up to `last` depend on any of the sources.
  private func dependsOn(_ sources: [Int], through last: Int) -> [Bool] {
    var isActive = [Bool](repeating: false, count: last + 1)
    for source in sources where source <= last { isActive[source] = true }
    for index in 0...last where !isActive[index] && !records[index].operation.stopsGradient {
      isActive[index] = operands(of: index).contains { isActive[Int($0)] }
    }
    return isActive
  }

  private func propagate(
    _ index: Int, gradient: Tensor?, parts: [Int: Tensor], isActive: [Bool], copies: [Int32: Int32],
    add: (Int, Tensor) -> Void, addPart: (Int, Int, Tensor) -> Void
  ) {
    func value(_ index: Int) -> Tensor { tensor(Int(copies[Int32(index)] ?? Int32(index))) }
    let operands = self.operands(of: index).map { Int($0) }
    switch records[index].operation {
    case .leaf, .number, .stopGradient: break
    case .part(let part): addPart(operands[0], part, gradient!)
    case .reshape:
      if isActive[operands[0]] { add(operands[0], gradient!.viewed(as: records[operands[0]].shape)) }
    case .primitive(let recipe):
      let outputs = [index] + Array(self.parts(of: index))
      let differential = Differential(
        operands: operands.map(value), outputs: outputs.map(value),
        cotangents: outputs.indices.map { $0 == 0 ? gradient : parts[$0] },
        isWanted: operands.map { isActive[$0] && records[$0].dtype.isFloatingPoint })
      guard differential.isWanted.contains(true) else { return }
      for (position, gradient) in recipe.primitive.derivative(differential).enumerated() {
        if let gradient, differential.isWanted[position] { add(operands[position], gradient) }
      }
    }
  }
}

extension Trace {
  /// A variable that a function is differentiated by: the tensor under an identity of its own.
  fileprivate func argument(_ x: Tensor) -> Tensor {
    if x.isFailed { return x }
    let operand = filled(position(of: x, site: .unknown))
    return tensor(
      Int(
        append(.reshape, operands: CollectionOfOne(operand), shape: x.shape, dtype: x.dtype, site: .unknown)))
  }
}

/// Records the gradients of a scalar with respect to tensors it was computed from, in the open scope.
///
/// - Precondition: a scope is open.
/// - Returns: one gradient for each tensor: zeros where `y` does not depend on it.
public func gradients(of y: Tensor, withRespectTo sources: [Tensor]) -> [Tensor] {
  guard let trace = Context.trace else {
    preconditionFailure("gradients(of:withRespectTo:) works inside a scope, as compute { } opens one")
  }
  return zip(trace.gradients(of: y, withRespectTo: sources), sources).map { $0 ?? Tensor.zeros($1.shape) }
}

/// A value and its gradient with respect to a tensor. Works inside scopes too, where both are traced and can be
/// differentiated again.
///
/// ```swift
/// let (value, gradient) = try valueWithGradient(at: Tensor([1, 2, 3])) { ($0 * $0).sum() }
/// print(gradient)               // [2, 4, 6]
/// ```
public func valueWithGradient(
  at x: Tensor, _ body: (Tensor) throws -> Tensor
) throws -> (value: Tensor, gradient: Tensor) {
  let (value, gradients) = try valueWithGradients(at: [x]) { try body($0[0]) }
  return (value, gradients[0])
}

/// A value and its gradients with respect to several tensors. Each counts as a variable of its own, also where the
/// same tensor stands twice; what the closure captures counts as constant.
public func valueWithGradients(
  at xs: [Tensor], _ body: ([Tensor]) throws -> Tensor
) throws -> (value: Tensor, gradients: [Tensor]) {
  try Scope.run { trace -> (value: Tensor, gradients: [Tensor]) in
    let inside = xs.map { trace.argument($0) }
    let value = try body(inside)
    let gradients = trace.gradients(of: value, withRespectTo: inside)
    return (value, zip(gradients, inside).map { $0 ?? Tensor.zeros($1.shape) })
  } map: { result, transform in
    (transform(result.value), result.gradients.map(transform))
  }
}
