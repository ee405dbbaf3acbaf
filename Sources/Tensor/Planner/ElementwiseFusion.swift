extension PlanPass {
  /// Chains, diamonds and neighbours of elementwise steps become one step with several outputs, whose intermediate
  /// values never reach memory:
  ///
  ///     b = a * 2;  c = b + 1;  d = tanh(b) * c      →      (d) = program(a, 2, 1)
  ///
  /// Every instruction is the one that ran before, so the bits are too.
  static let elementwiseFusion = PlanPass(name: "elementwise") { program in
    var uses = Uses(program)
    for index in program.steps.indices where program.steps[index]?.elementwise != nil {
      var position = index
      // Whoever makes an operand joins, and then whoever makes that one's operands.
      while let merged = mergeWithMaker(of: position, in: &program, &uses) { position = merged }
    }
    joinNeighbours(in: &program, &uses)
  }

  private static func mergeWithMaker(
    of consumer: Int, in program: inout Program, _ uses: inout Uses
  ) -> Int? {
    let makers = Set(program.steps[consumer]!.inputs.compactMap { uses.maker(of: $0.value) })
    for maker in makers.sorted(by: >) where maker != consumer {
      if let position = merge(maker, consumer, in: &program, &uses) { return position }
    }
    return nil
  }

  /// Steps of small arrays cost more to hand out than to compute, and steps that read the same large array read it once.
  private static func joinNeighbours(in program: inout Program, _ uses: inout Uses) {
    var open: [Int] = []
    for index in program.steps.indices {
      guard let step = program.steps[index], step.elementwise != nil else { continue }
      let count = step.outputs[0].shape.count
      let partner = open.last { other in
        guard let earlier = program.steps[other], earlier.outputs[0].shape.count == count else {
          return false
        }
        return count <= 4096
          || step.inputs.contains { $0.shape.count == count && earlier.inputs.contains($0) }
      }
      if let partner, let position = merge(partner, index, in: &program, &uses) {
        open.removeAll { $0 == partner }
        open.append(position)
      } else {
        open.append(index)
      }
      if open.count > 8 { open.removeFirst() }
    }
  }

  /// Makes one step of two, where the later one reads no result of the earlier by another way. It stands where the
  /// later one stood, or, where somebody between them needs the earlier one's results, where that one did.
  private static func merge(
    _ first: Int, _ second: Int, in program: inout Program, _ uses: inout Uses
  ) -> Int? {
    let (first, second) = (min(first, second), max(first, second))
    guard let earlier = program.steps[first], let later = program.steps[second], earlier.elementwise != nil
    else { return nil }
    let made = Set(earlier.outputs.map(\.value))
    let canSink = made.allSatisfy { uses.readers(of: $0).allSatisfy { $0 >= second || $0 == first } }
    let canHoist = later.inputs.allSatisfy {
      made.contains($0.value) || uses.isReady($0.value, before: first)
    }
    guard canSink || canHoist else { return nil }
    let keptOutputs = made.filter { value in
      uses.leaves(value) || uses.readers(of: value).contains { $0 != first && $0 != second }
    }
    guard let merged = MergedElementwise(program, earlier, later, keeping: keptOutputs)?.step else {
      return nil
    }
    let (position, emptied) = canSink ? (second, first) : (first, second)
    program.steps[position] = merged
    program.steps[emptied] = nil
    uses.move(emptied, into: position)
    return position
  }
}

extension Program.Step {
  var elementwise: ElementwiseProgram? {
    if case .elementwise(let program) = primitive { program } else { nil }
  }
}

/// Two elementwise steps as one.
private struct MergedElementwise {
  /// As many inputs, instructions and outputs as keep a job's blocks in the nearest caches; small arrays fit there
  /// anyway, and a program has 256 registers.
  private static func isTooLarge(_ inputs: Int, _ instructions: Int, _ outputs: Int, count: Int) -> Bool {
    count <= 1024 ? inputs + instructions > 250 : inputs > 16 || instructions > 40 || outputs > 8
  }

  private(set) var step: Program.Step
  private var merged: ElementwiseProgram
  /// The registers of values that the earlier step makes.
  private var made: [Int: Int] = [:]

  /// - Returns: nil where shapes, types or sizes forbid it.
  init?(
    _ program: Program, _ earlier: Program.Step, _ later: Program.Step, keeping kept: Set<Int>
  ) {
    guard let first = earlier.elementwise, let second = later.elementwise,
      first.isInteger == second.isInteger,
      let shape = Self.commonShape(earlier, later, made: Set(earlier.outputs.map(\.value)))
    else { return nil }
    let madeValues = Set(earlier.outputs.map(\.value))
    let most = first.instructions.count + second.instructions.count + 2 * earlier.outputs.count
    var inputs = earlier.inputs
    for input in later.inputs where !madeValues.contains(input.value) && !inputs.contains(input) {
      inputs.append(input)
    }
    guard inputs.count + most <= 256 else { return nil }
    step = Program.Step(
      primitive: earlier.primitive, inputs: inputs, outputs: [], records: earlier.records + later.records)
    merged = ElementwiseProgram(
      inputCount: inputs.count, instructions: [], results: [], isInteger: first.isInteger)
    let ofFirst = append(first, inputs: Array(earlier.inputs.indices))
    for (output, result) in zip(earlier.outputs, first.results) {
      if kept.contains(output.value) {
        step.outputs.append(Program.Argument(value: output.value, shape: shape))
        merged.results.append(ofFirst[result])
      }
      guard later.inputs.contains(where: { $0.value == output.value }) else { continue }
      guard let register = passedOn(ofFirst[result], as: program.values[output.value].dtype) else {
        return nil
      }
      made[output.value] = register
    }
    let ofSecond = append(
      second, inputs: later.inputs.map { made[$0.value] ?? inputs.firstIndex(of: $0)! })
    for (output, result) in zip(later.outputs, second.results) {
      step.outputs.append(Program.Argument(value: output.value, shape: shape))
      merged.results.append(ofSecond[result])
    }
    guard
      !Self.isTooLarge(
        inputs.count, merged.instructions.count, step.outputs.count, count: shape.count)
    else { return nil }
    step.primitive = .elementwise(merged)
  }

  /// The shape under which both steps can be seen. Arrays of as many elements fit any shape; those that are
  /// broadcast need the one that they were broadcast to.
  private static func commonShape(
    _ earlier: Program.Step, _ later: Program.Step, made: Set<Int>
  ) -> Shape? {
    let (a, b) = (earlier.outputs[0].shape, later.outputs[0].shape)
    if a == b { return a }
    guard a.count == b.count else { return nil }
    func broadcasts(_ step: Program.Step) -> Bool {
      step.inputs.contains {
        $0.shape.count != a.count && $0.shape.count != 1 && !made.contains($0.value)
      }
    }
    return !broadcasts(later) ? a : !broadcasts(earlier) ? b : nil
  }

  /// Appends the instructions of a program, and gives the new registers of its old ones.
  private mutating func append(_ program: ElementwiseProgram, inputs: [Int]) -> [Int] {
    var registers = inputs
    for instruction in program.instructions {
      registers.append(append(instruction.moved(to: registers)))
    }
    return registers
  }

  private mutating func append(_ instruction: ElementwiseProgram.Instruction) -> Int {
    merged.instructions.append(instruction)
    return merged.inputCount + merged.instructions.count - 1
  }

  /// The register of a result as a reader would load it from memory; nil where storing it rounds.
  private mutating func passedOn(_ register: Int, as dtype: DType) -> Int? {
    switch dtype {
    case .float32: return merged.isInteger ? nil : register
    case .int32: return merged.isInteger ? register : nil
    case .uint8: return nil
    case .bool:
      let index = register - merged.inputCount
      if index >= 0 && merged.instructions[index].opcode.isPredicate { return register }
      // Truth is stored as 1 or 0.
      let isZero = append(ElementwiseProgram.Instruction(.not, register))
      return append(ElementwiseProgram.Instruction(.not, isZero))
    }
  }
}
