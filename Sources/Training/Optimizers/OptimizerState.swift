import MartletData
import MartletLayers

/// The state of an optimizer that does not belong to a model: every difference is listed.
public struct OptimizerStateError: Error, Equatable, CustomStringConvertible {
  public var missing: [String] = []
  public var unexpected: [String] = []
  /// What is wrong with an array, in words.
  public var misshapen: [String] = []

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("it lacks \(missing.joined(separator: ", "))") }
    if !unexpected.isEmpty {
      parts.append("the optimizer and model have no \(unexpected.joined(separator: ", "))")
    }
    parts += misshapen
    return "this state does not fit the optimizer and model: \(parts.joined(separator: "; ")). Restore it "
      + "with the same optimizer and model, and the same parameters frozen"
  }

  var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }
}

extension Optimizer {
  /// Everything that makes training go on as if it had not stopped: the moments by the names of the parameters
  /// (`layers.0.kernel/moment1`), and the scalars `steps`, `gathered` (mini-batches that wait for their update) and
  /// `plateauFactor`. Hyperparameters and schedule are those of the optimizer that it is restored to.
  ///
  /// - Throws: `DeviceError`.
  public func state() throws -> [String: HostArray] {
    try Dictionary(uniqueKeysWithValues: storedState.map { ($0.name, try $0.hostArray()) })
  }

  /// The same arrays where they lie.
  var storedState: [StoredArray] {
    var state = [
      StoredArray(name: "steps", array: HostArray([Int32(steps)], shape: [])),
      StoredArray(name: "gathered", array: HostArray([Int32(base.gathered)], shape: [])),
      StoredArray(name: "plateauFactor", array: HostArray([plateauFactor], shape: [])),
    ]
    for slot in base.memory.slots {
      for (array, storage) in zip(base.arrays(of: self), slot.storages) {
        state.append(
          StoredArray(
            name: "\(slot.name)/\(array.name)", storage, shape: slot.parameter.shape!, dtype: .float32))
      }
    }
    return state
  }

  /// Takes over what `state()` gave. Trainable parameters need all their moments where steps were taken; frozen ones
  /// may have theirs.
  ///
  /// - Throws: `OptimizerStateError` that lists all names that are missing, not the optimizer's and model's, or of
  ///   another shape; nothing changes then. `ShapeError` for a model that is not built, `DeviceError`.
  public func restore(_ state: [String: HostArray], for model: any Layer) throws {
    let parameters = model.parameters
    guard parameters.allSatisfy({ $0.parameter.cell != nil }) else {
      throw ShapeError("an optimizer is restored for a model that is built: call build(input:) first")
    }
    var error = OptimizerStateError()
    let scalars: [(name: String, dtype: DType)] = [
      ("steps", .int32), ("gathered", .int32), ("plateauFactor", .float32),
    ]
    for (name, dtype) in scalars { error.check(state, name, [], dtype) }

    let arrays = base.arrays(of: self)
    let used =
      state["steps"] != HostArray([Int32(0)], shape: [])
      || state["gathered"] != HostArray([Int32(0)], shape: [])
    var names = Set(scalars.map(\.name))
    let kept = parameters.filter { name, parameter in
      let own = arrays.map { "\(name)/\($0.name)" }
      names.formUnion(own)
      let isKept = (used && parameter.isTrainable) || own.contains { state[$0] != nil }
      if isKept { for name in own { error.check(state, name, parameter.shape!, .float32) } }
      return isKept
    }
    if error.isEmpty { error.checkScalars(state, accumulate: base.accumulate) }
    error.unexpected = state.keys.filter { !names.contains($0) }.sorted()
    guard error.isEmpty else { throw error }

    var memory = OptimizerMemory()
    try memory.add(kept, arrays: arrays, base.groups)
    for slot in memory.slots {
      for (array, storage) in zip(arrays, slot.storages) {
        try state["\(slot.name)/\(array.name)"]!.withUnsafeBytes {
          try storage.device.upload($0, to: storage.buffer, at: storage.byteOffset)
        }
      }
    }
    base.memory = memory
    base.steps = Int(state["steps"]!.values(as: Int32.self)[0])
    base.gathered = Int(state["gathered"]!.values(as: Int32.self)[0])
    plateauFactor = state["plateauFactor"]!.values(as: Float.self)[0]
  }
}

extension OptimizerStateError {
  /// Notes an array that is not there, or of another shape or type.
  fileprivate mutating func check(
    _ state: [String: HostArray], _ name: String, _ shape: Shape, _ dtype: DType
  ) {
    guard let array = state[name] else {
      missing.append(name)
      return
    }
    guard array.shape != shape || array.dtype != dtype else { return }
    misshapen.append(
      "\(name) is \(array.shape.sizes) \(array.dtype) in the state and \(shape.sizes) \(dtype) here")
  }

  /// Notes scalars of the right shape that no optimizer can have.
  fileprivate mutating func checkScalars(_ state: [String: HostArray], accumulate: Int) {
    let steps = state["steps"]!.values(as: Int32.self)[0]
    if steps < 0 { misshapen.append("steps is \(steps), and is never negative") }
    if steps > 1 << 30 { misshapen.append("steps is \(steps), and is at most \(1 << 30)") }
    let gathered = Int(state["gathered"]!.values(as: Int32.self)[0])
    if !(0..<accumulate).contains(gathered) {
      misshapen.append("gathered is \(gathered), and an update takes \(accumulate) mini-batches here")
    }
    let factor = state["plateauFactor"]!.values(as: Float.self)[0]
    if !(factor >= 0) { misshapen.append("plateauFactor is \(factor), and is never negative") }
  }
}
