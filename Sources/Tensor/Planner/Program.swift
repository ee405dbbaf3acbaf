/// The primitives of a scope in program order, before their results have memory: what the planner's passes change.
///
/// Every value is made once and never changes, so a pass only has to mind who makes a value and who reads it.
struct Program {
  enum Source {
    /// The array of a leaf, or of a record that ran early.
    case array(Int32)
    /// A number by value.
    case number(Int32)
    /// Made by a step.
    case step
  }

  struct Value {
    var source: Source
    var shape: Shape
    var dtype: DType
    var byteCount: Int { shape.count * dtype.byteCount }
  }

  /// A value under a shape of as many elements.
  struct Argument: Hashable {
    var value: Int
    var shape: Shape
  }

  struct Step {
    var primitive: Primitive
    var inputs: [Argument]
    var outputs: [Argument]
    /// The records that it stands for, the first of which gives it a name.
    var records: [Int]
    /// Whether another step has made the same before.
    var isRepeated = false
  }

  var values: [Value] = []
  /// A step that a pass took away is nil, so that positions stay what they are; `compact` closes the gaps.
  var steps: [Step?] = []
  /// The values that leave or are taken, each made by a step.
  var results: [Int] = []
  /// The results that updates of parameters take.
  var updates: [Update] = []
  /// The results that are made before any update.
  var beforeUpdates: [Int] = []

  mutating func compact() { steps.removeAll { $0 == nil } }

  subscript(argument: Argument) -> Value { values[argument.value] }
}

// MARK: - From records

extension Program {
  /// The steps that results depend on. What leaves as it came, or twice, is copied at the end.
  init(_ trace: Trace, results: [Plan.Result]) {
    var builder = ProgramBuilder(trace)
    builder.build(results)
    self = builder.program
  }
}

private struct ProgramBuilder {
  let trace: Trace
  let records: [Record]
  var program = Program()
  /// The value of every record that is needed.
  var values: [Int]

  init(_ trace: Trace) {
    self.trace = trace
    records = trace.records
    values = [Int](repeating: -1, count: records.count)
  }

  mutating func build(_ results: [Plan.Result]) {
    let isNeeded = neededRecords(results)
    for index in records.indices where isNeeded[index] {
      switch records[index].operation {
      case .leaf: addValue(of: index, .array(Int32(index)))
      case .number: addValue(of: index, .number(Int32(index)))
      case .part: break
      case .reshape, .stopGradient: values[index] = values[Int(trace.operands(of: index).first!)]
      case .primitive(let recipe):
        let outputs = [index] + trace.parts(of: index)
        let hasRun = trace.list.values[index] != nil
        for output in outputs { addValue(of: output, hasRun ? .array(Int32(output)) : .step) }
        if !hasRun {
          program.steps.append(
            Program.Step(
              primitive: recipe.primitive, inputs: trace.operands(of: index).map { argument(Int($0)) },
              outputs: outputs.map { argument($0) }, records: [index]))
        }
      }
    }
    for (position, result) in results.enumerated() {
      addResult(Int(result.record))
      if result.parameter >= 0 {
        program.updates.append(Program.Update(result: position, parameter: values[Int(result.parameter)]))
      }
      if result.precedesUpdates { program.beforeUpdates.append(program.results[position]) }
    }
  }

  private func neededRecords(_ results: [Plan.Result]) -> [Bool] {
    var isNeeded = [Bool](repeating: false, count: records.count)
    for result in results { isNeeded[Int(result.record)] = true }
    for index in records.indices.reversed() where isNeeded[index] {
      if trace.list.values[index] != nil { continue }
      for operand in trace.operands(of: index) { isNeeded[Int(operand)] = true }
    }
    // A record that ran early has parts that did too.
    for index in records.indices where isNeeded[index] {
      if case .part = records[index].operation { isNeeded[Int(trace.operands(of: index).first!)] = true }
    }
    return isNeeded
  }

  private mutating func addValue(of record: Int, _ source: Program.Source) {
    values[record] = program.values.count
    program.values.append(
      Program.Value(source: source, shape: records[record].shape, dtype: records[record].dtype))
  }

  private func argument(_ record: Int) -> Program.Argument {
    Program.Argument(value: values[record], shape: records[record].shape)
  }

  private mutating func addResult(_ record: Int) {
    let value = values[record]
    if case .step = program.values[value].source, !program.results.contains(value) {
      program.results.append(value)
      return
    }
    program.values.append(
      Program.Value(source: .step, shape: records[record].shape, dtype: records[record].dtype))
    var primitive = Primitive.elementwise(.single(.identity, isInteger: records[record].dtype == .int32))
    if case .number = program.values[value].source { primitive = .fill }
    let copy = Program.Argument(value: program.values.count - 1, shape: records[record].shape)
    program.steps.append(
      Program.Step(primitive: primitive, inputs: [argument(record)], outputs: [copy], records: [record]))
    program.results.append(copy.value)
  }
}

// MARK: - Who makes and who reads

/// The steps that make and read each value of a program, also after steps became parts of others.
struct Uses {
  private var makers: [Int]
  private var allReaders: [[Int]]
  private var isResult: [Bool]
  /// Where a step went, or itself.
  private var homes: [Int]

  init(_ program: Program) {
    makers = [Int](repeating: -1, count: program.values.count)
    allReaders = [[Int]](repeating: [], count: program.values.count)
    isResult = [Bool](repeating: false, count: program.values.count)
    homes = Array(program.steps.indices)
    for result in program.results { isResult[result] = true }
    for (index, step) in program.steps.enumerated() {
      guard let step else { continue }
      for output in step.outputs { makers[output.value] = index }
      for input in step.inputs where allReaders[input.value].last != index {
        allReaders[input.value].append(index)
      }
    }
  }

  /// The step that makes a value; nil for what comes from outside.
  func maker(of value: Int) -> Int? { makers[value] < 0 ? nil : home(of: makers[value]) }

  /// The steps that read a value, each once, in no order.
  func readers(of value: Int) -> Set<Int> { Set(allReaders[value].map(home)) }

  func leaves(_ value: Int) -> Bool { isResult[value] }

  /// The only step that reads a value which does not leave.
  func onlyReader(of value: Int) -> Int? {
    let readers = readers(of: value)
    return isResult[value] || readers.count != 1 ? nil : readers.first
  }

  /// Whether a value is there before a step runs.
  func isReady(_ value: Int, before step: Int) -> Bool { makers[value] < 0 || home(of: makers[value]) < step }

  /// Notes that a step became part of another one.
  mutating func move(_ step: Int, into other: Int) { homes[step] = other }

  private func home(of step: Int) -> Int {
    var step = step
    while homes[step] != step { step = homes[step] }
    return step
  }
}
