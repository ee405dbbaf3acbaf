/// What a scope becomes: primitives in program order, with the memory that each result gets.
///
/// A plan depends on the structure of a trace only: operations, shapes and which results leave. Arrays, numbers and
/// random keys are handed over each time it runs, and the plan itself never changes.
final class Plan: @unchecked Sendable {
  /// Where a step finds or puts an array.
  enum Place: Hashable {
    /// The value of a leaf, or of a record that ran early.
    case value(Int32)
    /// Bytes from the beginning of the plan's arena.
    case arena(Int)
    /// Memory that leaves the plan.
    case result(Int)
    /// A number by value.
    case number(Int32)
  }

  struct Step {
    var primitive: Primitive
    var inputs: [Argument]
    var outputs: [Argument]
    /// The records that it stands for.
    var records: [Int]
  }

  struct Argument {
    var place: Place
    var shape: Shape
    var dtype: DType
    var byteCount: Int { shape.count * dtype.byteCount }
  }

  /// A tensor that leaves the scope.
  struct Result: Hashable {
    var record: Int32
    /// Whether memory for it is handed over, instead of made.
    var hasDestination: Bool
  }

  /// The records that the plan was made of, without their arrays, and which of them had one.
  let list: RecordList
  let hasValue: [Bool]
  let results: [Result]
  let passes: PassSelection
  let steps: [Step]
  /// Bytes of the memory that the steps share.
  let arenaSize: Int
  let resultSizes: [Int]

  init(_ trace: Trace, results: [Result], passes: PassSelection = .standard) {
    list = trace.list.withoutValues()
    hasValue = trace.list.values.map { $0 != nil }
    self.results = results
    self.passes = passes
    var program = Program(trace, results: results)
    for pass in PlanPass.all where passes.contains(pass.name) { pass.run(&program) }
    program.compact()
    let memory = MemoryPlan(program, inPlace: passes.contains(MemoryPlan.inPlaceName))
    steps = program.steps.compactMap { $0 }.map { step in
      func argument(_ argument: Program.Argument) -> Argument {
        Argument(
          place: memory.places[argument.value], shape: argument.shape,
          dtype: program.values[argument.value].dtype)
      }
      return Step(
        primitive: step.primitive, inputs: step.inputs.map(argument), outputs: step.outputs.map(argument),
        records: step.records)
    }
    arenaSize = memory.arenaSize
    resultSizes = results.map { trace.records[Int($0.record)].byteCount }
  }

  /// Whether this plan is the one of a trace: records are compared, not only their hash.
  func matches(_ trace: Trace, results: [Result]) -> Bool {
    results == self.results && passes == trace.passes
      && list.firstDifference(from: trace.list, hasValue: hasValue) == nil
  }

  /// Runs the plan with a trace's arrays and numbers. `destinations` are the memory of the results that have one.
  func run(_ trace: Trace, destinations: [Int: Storage]) throws -> [Storage] {
    let device = trace.device
    let outcomes = try resultSizes.indices.map { index in
      try destinations[index]
        ?? Storage(
          device: device, buffer: device.allocate(byteCount: resultSizes[index]),
          byteCount: resultSizes[index])
    }
    let arena = arenaSize == 0 ? nil : try Arenas.shared.take(on: device, byteCount: arenaSize)
    defer { if let arena { Arenas.shared.giveBack(arena, on: device) } }
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
