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
    try Scope.run { _ in try body() }
  }
}

/// The machinery of scopes.
package enum Scope {
  /// Runs a closure in the open scope, or in a new one that is planned and run at its end.
  package static func run<each R: TensorGroup>(
    destinations: ((repeat each R)) -> [(tensor: Tensor, storage: Storage)] = { _ in [] },
    _ body: (Trace) throws -> (repeat each R)
  ) throws -> (repeat each R) {
    if let open = Context.current.trace { return try body(open) }
    let context = Context.current
    let trace = Trace(device: context.device, isImmediate: context.isImmediate)
    defer { trace.close() }
    let returned = try enter(trace) { try body(trace) }
    if let failure = trace.failure { throw failure }
    var finish = ScopeEnd(trace)
    for (tensor, storage) in destinations(returned) { finish.add(tensor, destination: storage) }
    for value in repeat each returned { _ = value.mapTensors { finish.add($0); return $0 } }
    try finish.run()
    return (repeat (each returned).mapTensors { finish.outcome($0) })
  }

  /// Runs a closure with a trace open.
  package static func enter<R>(_ trace: Trace, _ body: () throws -> R) rethrows -> R {
    var context = Context.current
    context.trace = trace
    return try Context.$current.withValue(context) { try body() }
  }
}

/// The end of a scope: which tensors leave, the run, and the commitment of assigned cells.
private struct ScopeEnd {
  let trace: Trace
  var results: [Plan.Result] = []
  var positions: [Int32: Int] = [:]
  var destinations: [Int: Storage] = [:]
  var outcomes: [Storage] = []

  init(_ trace: Trace) { self.trace = trace }

  mutating func add(_ tensor: Tensor, destination: Storage? = nil) {
    guard case .traced(let owner, let index) = tensor.payload, owner === trace else { return }
    add(index, destination: destination)
  }

  private mutating func add(_ index: Int32, destination: Storage?) {
    guard positions[index] == nil else { return }
    positions[index] = results.count
    if let destination { destinations[results.count] = destination }
    results.append(Plan.Result(record: index, hasDestination: destination != nil))
  }

  mutating func run() throws {
    for (_, record) in trace.assignments { add(record, destination: nil) }
    outcomes = try PlanCache.shared.plan(for: trace, results: results).run(trace, destinations: destinations)
    for (cell, record) in trace.assignments { cell.storage = outcomes[positions[record]!] }
  }

  func outcome(_ tensor: Tensor) -> Tensor {
    guard case .traced(let owner, let index) = tensor.payload, owner === trace else { return tensor }
    return Tensor(outcomes[positions[index]!], shape: tensor.shape, dtype: tensor.dtype)
  }
}
