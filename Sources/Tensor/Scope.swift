/// Something made of tensors that can leave a scope: a tensor, an array or dictionary of them, or a plain value.
public protocol TensorGroup {
  /// The same with every tensor replaced.
  func mapTensors(_ transform: (Tensor) -> Tensor) -> Self
}

extension TensorGroup {
  public func mapTensors(_ transform: (Tensor) -> Tensor) -> Self { self }
}

extension Tensor: TensorGroup {
  public func mapTensors(_ transform: (Tensor) -> Tensor) -> Tensor { transform(self) }
}
extension Array: TensorGroup where Element: TensorGroup {
  public func mapTensors(_ transform: (Tensor) -> Tensor) -> [Element] { map { $0.mapTensors(transform) } }
}
extension Dictionary: TensorGroup where Key: Comparable, Value: TensorGroup {
  public func mapTensors(_ transform: (Tensor) -> Tensor) -> [Key: Value] {
    var result = self
    for key in keys.sorted() { result[key] = self[key]!.mapTensors(transform) }
    return result
  }
}
extension Optional: TensorGroup where Wrapped: TensorGroup {
  public func mapTensors(_ transform: (Tensor) -> Tensor) -> Wrapped? { map { $0.mapTensors(transform) } }
}
extension Float: TensorGroup {}
extension Double: TensorGroup {}
extension Int: TensorGroup {}
extension Bool: TensorGroup {}
extension String: TensorGroup {}

/// Records what a closure does, plans it, runs it, and hands out what it returns. Inside another scope it only calls
/// the closure.
///
/// ```swift
/// let probabilities = try compute { model(images).softmax() }
/// ```
/// - Throws: what the closure throws; `ShapeError` for the first shapes that did not fit, with layer and line;
///   `DeviceError`. Nothing is committed then.
public func compute<each R: TensorGroup>(
  device: (any Device)? = nil, phase: Phase? = nil, _ body: () throws -> (repeat each R)
) throws -> (repeat each R) {
  try withContext(device: device, phase: phase) {
    try Scope.run { _ in
      try body()
    } map: { results, transform in
      (repeat (each results).mapTensors(transform))
    }
  }
}

/// The machinery of scopes.
package enum Scope {
  /// Runs a closure in the open scope, or in a new one that is planned and run at its end.
  ///
  /// - Parameters:
  ///   - destinations: hands over memory for some of the results.
  ///   - updates: of parameters, while the scope runs.
  ///   - map: replaces the tensors of what the closure returns.
  package static func run<R>(
    destinations: (R, (Tensor, Storage) -> Void) -> Void = { _, _ in },
    updates: (R) -> Updates? = { _ in nil }, _ body: (Trace) throws -> R,
    map: (R, (Tensor) -> Tensor) -> R
  ) throws -> R {
    if let open = Context.trace { return try body(open) }
    let context = Context.current
    let trace = Trace(
      device: context.device, isImmediate: context.isImmediate, isCheckingFinite: context.isCheckingFinite)
    defer { trace.close() }
    let returned = try enter(trace) { try body(trace) }
    if let failure = trace.failure { throw failure }
    if let found = trace.nonFinite { throw found }
    var end = ScopeEnd(trace)
    destinations(returned) { end.add($0, destination: $1) }
    _ = map(returned) {
      end.add($0)
      return $0
    }
    try end.run(updates(returned))
    return map(returned) { end.outcome($0) }
  }

  /// The same for a result that knows its tensors.
  package static func run<R: TensorGroup>(
    destinations: (R, (Tensor, Storage) -> Void) -> Void = { _, _ in }, _ body: (Trace) throws -> R
  ) throws -> R {
    try run(destinations: destinations, body) { $0.mapTensors($1) }
  }

  /// Runs a closure with a trace open.
  package static func enter<R>(_ trace: Trace, _ body: () throws -> R) rethrows -> R {
    var context = Context.current
    context.trace = trace
    return try context.run(body)
  }
}

/// Gradients that are taken as soon as they are made and their parameters are read no more, in the middle of a scope's
/// run: they need no memory beyond that.
package struct Updates {
  package let gradients: [(gradient: Tensor, parameter: Cell)]
  /// A number that is made, and checked, before the first update; it leaves the scope.
  package let loss: Tensor
  package let check: (Tensor) throws -> Void
  /// Gets the position of a gradient, and its memory.
  package let apply: (Int, Storage) throws -> Void

  package init(
    _ gradients: [(gradient: Tensor, parameter: Cell)], after loss: Tensor,
    check: @escaping (Tensor) throws -> Void, apply: @escaping (Int, Storage) throws -> Void
  ) {
    (self.gradients, self.loss) = (gradients, loss)
    (self.check, self.apply) = (check, apply)
  }
}

/// The end of a scope: which tensors leave, the run, and the commitment of assigned cells.
private struct ScopeEnd {
  let trace: Trace
  var results: [Plan.Result] = []
  /// Where each record stands among the results, or -1.
  var positions: [Int32]
  /// The memory of each result, where it is handed over.
  var destinations: [Storage?] = []
  var outcomes: [Storage] = []

  init(_ trace: Trace) {
    self.trace = trace
    positions = [Int32](repeating: -1, count: trace.count)
  }

  mutating func add(_ tensor: Tensor, destination: Storage? = nil) {
    guard case .traced(let owner, let index) = tensor.payload, owner === trace else { return }
    // What leaves as it came is handed out, not copied.
    if destination == nil && trace.arrayFromOutside(index) != nil { return }
    add(index, destination: destination)
  }

  private mutating func add(_ index: Int32, destination: Storage?) {
    let isKnown = positions[Int(index)] >= 0
    guard destination != nil || !isKnown else { return }
    if !isKnown { positions[Int(index)] = Int32(results.count) }
    destinations.append(destination)
    results.append(Plan.Result(record: index, hasDestination: destination != nil))
  }

  mutating func run(_ updates: Updates?) throws {
    for (_, record) in trace.assignments { add(record, destination: nil) }
    let start = results.count
    var loss = 0
    if let updates, case .traced(_, let record) = updates.loss.payload {
      loss = position(record)
      results[loss].precedesUpdates = true
      results += updates.gradients.map {
        Plan.Result(record: Int32($0.gradient.recordIndex!), parameter: trace.record(of: $0.parameter))
      }
      destinations += repeatElement(nil, count: updates.gradients.count)
    }
    var isChecked = false
    let plan = try PlanCache.shared.plan(for: trace, results: results)
    outcomes = try plan.run(trace, destinations: destinations) { result, outcomes in
      guard let updates else { return }
      if !isChecked { try updates.check(Tensor(outcomes[loss], shape: [], dtype: .float32)) }
      isChecked = true
      try updates.apply(result - start, outcomes[result])
    }
    for (cell, record) in trace.assignments { try cell.commit(outcomes[position(record)]) }
  }

  private func position(_ record: Int32) -> Int { Int(positions[Int(record)]) }

  func outcome(_ tensor: Tensor) -> Tensor {
    guard case .traced(let owner, let index) = tensor.payload, owner === trace else { return tensor }
    let storage = trace.arrayFromOutside(index) ?? outcomes[position(index)]
    return Tensor(storage, shape: tensor.shape, dtype: tensor.dtype)
  }
}
