/// What a scope becomes: primitives in program order, with the memory that each result gets.
///
/// A plan depends on the structure of a trace only: operations, shapes and which results leave. Arrays, numbers and
/// random keys are handed over each time it runs, and the plan itself never changes.
final class Plan: @unchecked Sendable {
  /// Where a step finds or puts an array.
  enum Place: Hashable, Sendable {
    /// The value of a leaf, or of a record that ran early.
    case value(Int32)
    /// Bytes from the beginning of the plan's arena.
    case arena(Int)
    /// Memory that leaves the plan.
    case result(Int)
    /// A number by value.
    case number(Int32)
  }

  /// An object, so that nothing of it is copied when it runs.
  final class Step: Sendable {
    let primitive: Primitive
    let inputs: [Argument]
    let outputs: [Argument]
    /// The records that it stands for.
    let records: [Int]
    /// Whether another step has made the same before.
    let isRepeated: Bool

    init(_ step: Program.Step, _ argument: (Program.Argument) -> Argument) {
      primitive = step.primitive
      inputs = step.inputs.map(argument)
      outputs = step.outputs.map(argument)
      records = step.records
      isRepeated = step.isRepeated
    }
  }

  struct Argument: Sendable {
    var place: Place
    var shape: Shape
    var dtype: DType
    var byteCount: Int { shape.count * dtype.byteCount }
  }

  /// A tensor that leaves the scope.
  struct Result: Hashable {
    var record: Int32
    /// Whether memory for it is handed over, instead of made.
    var hasDestination = false
    /// The record of the parameter whose update takes it, so that it does not leave; -1 where it leaves.
    var parameter: Int32 = -1
    /// Whether it is made before any parameter is updated.
    var precedesUpdates = false
  }

  /// The records that the plan was made of, without their arrays.
  let list: RecordList
  let results: [Result]
  let passes: PassSelection
  let memoryLimit: Int?
  let steps: [Step]
  /// Bytes of the memory that the steps share.
  let arenaSize: Int
  let resultSizes: [Int]
  /// Results that are taken, each after a step; in the order of the steps.
  let updates: [(step: Int, result: Int, offset: Int)]

  init(_ trace: Trace, results: [Result], passes: PassSelection = .standard) throws {
    list = trace.list.withoutValues()
    self.results = results
    self.passes = passes
    var program = Program(trace, results: results)
    for pass in PlanPass.all where passes.contains(pass.name) { pass.run(&program) }
    program.compact()
    memoryLimit = trace.memoryLimit
    if let limit = trace.memoryLimit {
      let rest = Self.bytesBesideArena(trace, results)
      let least = program.computeAgain(
        toFit: limit - rest, inPlace: passes.contains(MemoryPlan.inPlaceName))
      if least > limit - rest { throw MemoryLimitError(needed: rest + least, limit: limit) }
    }
    let memory = MemoryPlan(program, inPlace: passes.contains(MemoryPlan.inPlaceName))
    steps = program.steps.compactMap { $0 }.map { step in
      Step(step) {
        Argument(
          place: memory.places[$0.value], shape: $0.shape, dtype: program.values[$0.value].dtype)
      }
    }
    arenaSize = memory.arenaSize
    resultSizes = results.map { trace.records[Int($0.record)].byteCount }
    updates = zip(program.updates, program.updateSteps()).map { update, step in
      guard case .arena(let offset) = memory.places[program.results[update.result]] else {
        preconditionFailure("what is taken lies in the arena")
      }
      return (step, update.result, offset)
    }.sorted { ($0.step, $0.result) < ($1.step, $1.result) }
  }

  /// What is in use on the device beside arenas, and what results will add to it.
  private static func bytesBesideArena(_ trace: Trace, _ results: [Result]) -> Int {
    results.reduce(trace.device.memory.inUse - trace.device.arenas.byteCount) {
      $1.hasDestination || $1.parameter >= 0 ? $0 : $0 + trace.records[Int($1.record)].byteCount
    }
  }

  /// Whether this plan is the one of a trace: records are compared, not only their hash.
  func matches(_ trace: Trace, results: [Result]) -> Bool {
    results == self.results && passes == trace.passes && memoryLimit == trace.memoryLimit
      && list.firstDifference(from: trace.list, count: list.records.count) == nil
  }

  /// Runs the plan with a trace's arrays and numbers.
  ///
  /// - Parameters:
  ///   - destinations: the memory of each result, where it is handed over.
  ///   - update: gets each result that is taken, with all of them.
  func run(
    _ trace: Trace, destinations: [Storage?], update: (Int, [Storage]) throws -> Void = { _, _ in }
  ) throws -> [Storage] {
    let device = trace.device
    if let memoryLimit, device.memory.inUse + device.memory.cached + arenaSize > memoryLimit { device.trim() }
    let arena = arenaSize == 0 ? nil : try device.takeArena(byteCount: arenaSize)
    defer { if let arena { device.arenas.giveBack(arena) } }
    let taken = Dictionary(uniqueKeysWithValues: updates.map { ($0.result, $0.offset) })
    let outcomes = try resultSizes.indices.map { index in
      try destinations[index]
        ?? Storage(
          device: device,
          buffer: taken[index] == nil ? device.allocate(byteCount: resultSizes[index]) : arena!,
          byteOffset: taken[index] ?? 0, byteCount: resultSizes[index])
    }
    let values = trace.list.values
    let words = trace.list.words
    func operand(_ argument: Argument) -> Operand {
      switch argument.place {
      case .value(let record):
        return values[Int(record)]!.operand(shape: argument.shape, dtype: argument.dtype)
      case .arena(let offset):
        return Operand(arena!, byteOffset: offset, shape: argument.shape, dtype: argument.dtype)
      case .result(let index): return outcomes[index].operand(shape: argument.shape, dtype: argument.dtype)
      case .number(let record): return Operand(scalar: words[Int(record)], dtype: argument.dtype)
      }
    }
    var inputs: [Operand] = []
    var outputs: [Operand] = []
    var pending = updates[...]
    for (index, step) in steps.enumerated() {
      inputs.removeAll(keepingCapacity: true)
      outputs.removeAll(keepingCapacity: true)
      for argument in step.inputs { inputs.append(operand(argument)) }
      for argument in step.outputs { outputs.append(operand(argument)) }
      try device.encode(step.primitive, inputs: inputs, outputs: outputs)
      while pending.first?.step == index { try update(pending.removeFirst().result, outcomes) }
    }
    return outcomes
  }
}
