import MartletLayers

/// What holds for the parameters of some names.
struct ParameterGroup {
  var rateFactor: Float = 1
  var isDecayed = true
  var names: (String) -> Bool
}

/// What an optimizer keeps for one parameter.
final class Slot {
  let parameter: Parameter
  let name: String
  /// One for each array that is kept.
  let storages: [Storage]
  fileprivate(set) var rateFactor: Float = 1
  fileprivate(set) var isDecayed = true

  init(_ parameter: Parameter, name: String, storages: [Storage]) {
    self.parameter = parameter
    self.name = name
    self.storages = storages
  }

  fileprivate func assign(_ groups: [ParameterGroup]) {
    let own = groups.filter { $0.names(name) }
    rateFactor = own.reduce(1) { $0 * $1.rateFactor }
    isDecayed = own.allSatisfy(\.isDecayed)
  }
}

/// The arrays of an optimizer, by parameter. A parameter that gets no gradients keeps what it has.
struct OptimizerMemory {
  private(set) var slots: [Slot] = []
  private var positions: [ObjectIdentifier: Int] = [:]

  subscript(parameter: Parameter) -> Slot? { positions[ObjectIdentifier(parameter)].map { slots[$0] } }

  /// The slots of parameters, new ones with the initial values of their moments.
  mutating func slots(
    of parameters: [Parameter], in model: any Layer, arrays: [Moment], _ groups: [ParameterGroup]
  ) throws -> [Slot] {
    // Mostly all of them, in their order.
    if parameters.count == slots.count
      && parameters.indices.allSatisfy({ parameters[$0] === slots[$0].parameter })
    {
      return slots
    }
    let fresh = parameters.filter { self[$0] == nil }
    if !fresh.isEmpty {
      let names = Dictionary(
        model.parameters.map { (ObjectIdentifier($0.parameter), $0.name) }, uniquingKeysWith: { a, _ in a })
      try add(
        fresh.map { (names[ObjectIdentifier($0)] ?? $0.name, $0) }, arrays: arrays, groups)
    }
    return parameters.map { self[$0]! }
  }

  /// Makes slots, in one piece of memory for each array.
  mutating func add(
    _ parameters: [(name: String, parameter: Parameter)], arrays: [Moment], _ groups: [ParameterGroup]
  ) throws {
    guard let device = parameters.first?.parameter.cell?.storage.device else { return }
    let arenas = try arrays.map { array in
      let arena = try ParameterArena(device: device, shapes: parameters.map { $0.parameter.shape! })
      try arena.storage.fill(with: array.initialValue)
      return arena
    }
    for (index, (name, parameter)) in parameters.enumerated() {
      let slot = Slot(parameter, name: name, storages: arenas.map { $0.storage(of: index) })
      slot.assign(groups)
      positions[ObjectIdentifier(parameter)] = slots.count
      slots.append(slot)
    }
  }

  /// Tells the slots what groups they are in.
  func assign(_ groups: [ParameterGroup]) { for slot in slots { slot.assign(groups) } }

  /// Sets the last array of all parameters to a number.
  func fillLast(with value: Float) throws {
    for run in joined(slots.map { [$0.storages.last!] }) { try run[0].fill(with: value) }
  }
}

/// A parameter, or several that lie one after another and move alike, with their gradients.
struct Moving {
  var slot: Slot
  var parameter: Storage
  var gradient: Storage

  init(_ slot: Slot, gradient: Storage) {
    (self.slot, self.gradient) = (slot, gradient)
    parameter = slot.parameter.cell!.storage
  }

  fileprivate init(slot: Slot, parameter: Storage, gradient: Storage) {
    (self.slot, self.parameter, self.gradient) = (slot, parameter, gradient)
  }

  private var storages: [Storage] { [parameter, gradient] + slot.storages }

  /// Whether this lies right behind another one, and moves alike.
  fileprivate func follows(_ other: Moving) -> Bool {
    slot.rateFactor == other.slot.rateFactor && slot.isDecayed == other.slot.isDecayed
      && parameter.follows(other.parameter) && gradient.follows(other.gradient)
      && zip(slot.storages, other.slot.storages).allSatisfy { $0.follows($1) }
  }

  /// All from this one to another as one.
  fileprivate func joined(to last: Moving) -> Moving {
    let storages = zip(storages, last.storages).map { $0.joined(to: $1) }
    let slot = Slot(slot.parameter, name: slot.name, storages: Array(storages[2...]))
    (slot.rateFactor, slot.isDecayed) = (self.slot.rateFactor, self.slot.isDecayed)
    return Moving(slot: slot, parameter: storages[0], gradient: storages[1])
  }
}

/// Calls a closure for each stretch of parameters that lie one after another and move alike, scaled by the same tensor.
func forEachRun(
  of moving: [Moving], _ scales: [Tensor?], _ body: (Moving, Tensor?) throws -> Void
) throws {
  try forEachRun(of: moving.count) { index in
    scales[index]?.storage === scales[index - 1]?.storage && moving[index].follows(moving[index - 1])
  } body: { run in
    try body(moving[run.lowerBound].joined(to: moving[run.upperBound - 1]), scales[run.lowerBound])
  }
}

/// Rows of storages, joined where each of a row's lies right behind that of the row before.
func joined(_ rows: [[Storage]]) -> [[Storage]] {
  var runs: [[Storage]] = []
  forEachRun(of: rows.count) { index in
    zip(rows[index], rows[index - 1]).allSatisfy { $0.follows($1) }
  } body: { run in
    runs.append(zip(rows[run.lowerBound], rows[run.upperBound - 1]).map { $0.joined(to: $1) })
  }
  return runs
}

/// Calls a closure for each stretch of 0 ..< count in which every number but the first follows the one before.
private func forEachRun(
  of count: Int, follows: (Int) -> Bool, body: (Range<Int>) throws -> Void
) rethrows {
  var start = 0
  for end in 1..<(count + 1) where end == count || !follows(end) {
    try body(start..<end)
    start = end
  }
}

extension Storage {
  fileprivate func follows(_ other: Storage) -> Bool {
    buffer === other.buffer && other.byteOffset + other.byteCount == byteOffset
  }

  /// From the beginning of this one to the end of another that lies behind it in the same memory.
  fileprivate func joined(to last: Storage) -> Storage {
    Storage(
      device: device, buffer: buffer, byteOffset: byteOffset,
      byteCount: last.byteOffset + last.byteCount - byteOffset)
  }

  /// All of it as float32.
  var whole: Operand { operand(shape: [byteCount / 4], dtype: .float32) }

  func fill(with value: Float) throws { try device.encode(.fill, inputs: [.scalar(value)], outputs: [whole]) }
}
