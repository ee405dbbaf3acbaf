/// What a scope becomes: primitives in program order, with the memory that each result gets.
///
/// A plan depends on the structure of a trace only: operations, shapes and which results leave. Arrays, numbers and
/// random keys are handed over each time it runs.
final class Plan {
  /// Where a step finds or puts an array.
  enum Place: Hashable {
    /// The value of a leaf, or of a record that ran early.
    case value(Int32)
    /// Memory of the plan, shared by results that are not alive at the same time.
    case slot(Int)
    /// Memory that leaves the plan.
    case result(Int)
    /// A number by value.
    case number(Int32)
  }

  struct Step {
    var record: Int
    var primitive: Primitive
    var inputs: [Argument]
    var outputs: [Argument]
  }

  struct Argument {
    var place: Place
    var shape: Shape
    var dtype: DType
  }

  /// A tensor that leaves the scope.
  struct Result: Hashable {
    var record: Int32
    /// Whether memory for it is handed over, instead of made.
    var hasDestination: Bool
  }

  let list: RecordList
  let hasValue: [Bool]
  let results: [Result]
  private(set) var steps: [Step] = []
  private(set) var slotSizes: [Int] = []
  private(set) var resultSizes: [Int] = []

  init(_ trace: Trace, results: [Result]) {
    list = trace.list.withoutValues()
    hasValue = trace.list.values.map { $0 != nil }
    self.results = results
    var builder = PlanBuilder(trace, results: results)
    builder.build()
    steps = builder.steps
    slotSizes = builder.slots.sizes
    resultSizes = results.map { trace.records[Int($0.record)].byteCount }
  }

  /// Whether this plan is the one of a trace: records are compared, not only their hash.
  func matches(_ trace: Trace, results: [Result]) -> Bool {
    results == self.results && list.firstDifference(from: trace.list, hasValue: hasValue) == nil
  }

  /// Runs the plan with a trace's arrays and numbers. `destinations` are the memory of the results that have one.
  func run(_ trace: Trace, destinations: [Int: Storage]) throws -> [Storage] {
    let device = trace.device
    let slots = try slotSizes.map { try device.allocate(byteCount: $0) }
    let outcomes = try resultSizes.indices.map { index in
      try destinations[index]
        ?? Storage(
          device: device, buffer: device.allocate(byteCount: resultSizes[index]),
          byteCount: resultSizes[index])
    }
    let values = trace.list.values
    let words = trace.list.words
    func operand(_ argument: Argument) -> Operand {
      switch argument.place {
      case .value(let record):
        return values[Int(record)]!.operand(shape: argument.shape, dtype: argument.dtype)
      case .slot(let slot): return Operand(slots[slot], shape: argument.shape, dtype: argument.dtype)
      case .result(let index): return outcomes[index].operand(shape: argument.shape, dtype: argument.dtype)
      case .number(let record): return Operand(scalar: words[Int(record)], dtype: argument.dtype)
      }
    }
    var inputs: [Operand] = []
    var outputs: [Operand] = []
    for step in steps {
      inputs.removeAll(keepingCapacity: true)
      outputs.removeAll(keepingCapacity: true)
      for argument in step.inputs { inputs.append(operand(argument)) }
      for argument in step.outputs { outputs.append(operand(argument)) }
      try device.encode(step.primitive, inputs: inputs, outputs: outputs)
    }
    return outcomes
  }
}

/// Makes the steps of a plan: drops what nobody needs, and gives every result memory in program order.
struct PlanBuilder {
  private let trace: Trace
  private let results: [Plan.Result]
  private(set) var steps: [Plan.Step] = []
  private(set) var slots = SlotAllocator()
  /// The last step that reads the memory of a record, or .max where it leaves the scope.
  private var lastUse: [Int]
  private var isNeeded: [Bool]
  private var places: [Plan.Place?]

  init(_ trace: Trace, results: [Plan.Result]) {
    self.trace = trace
    self.results = results
    lastUse = [Int](repeating: -1, count: trace.count)
    isNeeded = [Bool](repeating: false, count: trace.count)
    places = [Plan.Place?](repeating: nil, count: trace.count)
  }

  mutating func build() {
    findNeeded()
    let copies = placeResults()
    var dying: [[Int]] = Array(repeating: [], count: trace.count)
    for index in 0..<trace.count where lastUse[index] >= 0 && lastUse[index] < Int.max {
      dying[lastUse[index]].append(index)
    }
    for index in 0..<trace.count where isNeeded[index] {
      let record = trace.records[index]
      switch record.operation {
      case .leaf: places[index] = .value(Int32(index))
      case .number: places[index] = .number(Int32(index))
      case .part: break
      case .reshape, .stopGradient: places[index] = places[Int(trace.operands(of: index).first!)]
      case .primitive(let recipe):
        if trace.list.values[index] != nil {
          places[index] = .value(Int32(index))
          for part in trace.parts(of: index) { places[part] = .value(Int32(part)) }
        } else {
          addStep(recipe.primitive, index)
        }
      }
      for dead in dying[index] { if case .slot(let slot)? = places[dead] { slots.free(slot) } }
    }
    for (result, record) in copies { addCopy(of: record, to: result) }
  }

  /// Marks the records that results depend on, and the last record that reads each one's memory.
  private mutating func findNeeded() {
    for result in results { isNeeded[Int(result.record)] = true }
    for index in stride(from: trace.count - 1, through: 0, by: -1) where isNeeded[index] {
      if trace.list.values[index] != nil, case .primitive = trace.records[index].operation { continue }
      for operand in trace.operands(of: index) {
        isNeeded[Int(operand)] = true
        let root = trace.root(of: Int(operand))
        lastUse[root] = max(lastUse[root], index)
      }
      // The parts of a primitive are written with it, whether anybody reads them or not.
      if case .primitive = trace.records[index].operation {
        for part in trace.parts(of: index) { lastUse[part] = max(lastUse[part], index) }
        lastUse[index] = max(lastUse[index], index)
      }
    }
  }

  /// Results are written where they leave, once. What is an array from outside, a view of another result or a number
  /// is copied at the end.
  private mutating func placeResults() -> [(result: Int, record: Int)] {
    var copies: [(result: Int, record: Int)] = []
    for (position, result) in results.enumerated() {
      let root = trace.root(of: Int(result.record))
      lastUse[root] = Int.max
      var isComputed = trace.list.values[root] == nil
      switch trace.records[root].operation {
      case .primitive, .part: break
      case .leaf, .number, .reshape, .stopGradient: isComputed = false
      }
      if isComputed && places[root] == nil {
        places[root] = .result(position)
      } else {
        copies.append((position, Int(result.record)))
      }
    }
    return copies
  }

  private mutating func addStep(_ primitive: Primitive, _ index: Int) {
    let inputs = trace.operands(of: index).map { operand in
      Plan.Argument(
        place: places[Int(operand)]!, shape: trace.records[Int(operand)].shape,
        dtype: trace.records[Int(operand)].dtype)
    }
    var outputs: [Plan.Argument] = []
    for output in [index] + Array(trace.parts(of: index)) {
      let record = trace.records[output]
      let place = places[output] ?? .slot(slots.allocate(record.byteCount))
      places[output] = place
      outputs.append(Plan.Argument(place: place, shape: record.shape, dtype: record.dtype))
    }
    steps.append(Plan.Step(record: index, primitive: primitive, inputs: inputs, outputs: outputs))
  }

  private mutating func addCopy(of index: Int, to result: Int) {
    let record = trace.records[index]
    let output = Plan.Argument(place: .result(result), shape: record.shape, dtype: record.dtype)
    let place = places[trace.root(of: index)]!
    let input = Plan.Argument(place: place, shape: record.shape, dtype: record.dtype)
    if case .number = place {
      steps.append(Plan.Step(record: index, primitive: .fill, inputs: [input], outputs: [output]))
    } else {
      let identity = Primitive.elementwise(.single(.identity, isInteger: record.dtype == .int32))
      steps.append(Plan.Step(record: index, primitive: identity, inputs: [input], outputs: [output]))
    }
  }
}

/// Memory for results by liveness: a freed slot serves the next result that fits best; where none fits, the largest
/// free one grows.
struct SlotAllocator {
  private(set) var sizes: [Int] = []
  private var isFree: [Bool] = []

  mutating func allocate(_ byteCount: Int) -> Int {
    var best: Int?
    var largest: Int?
    for slot in sizes.indices where isFree[slot] {
      if sizes[slot] >= byteCount && sizes[slot] <= best.map({ sizes[$0] }) ?? .max { best = slot }
      if sizes[slot] >= largest.map({ sizes[$0] }) ?? 0 { largest = slot }
    }
    if let slot = best ?? largest {
      sizes[slot] = max(sizes[slot], byteCount)
      isFree[slot] = false
      return slot
    }
    sizes.append(byteCount)
    isFree.append(false)
    return sizes.count - 1
  }

  mutating func free(_ slot: Int) { isFree[slot] = true }
}
