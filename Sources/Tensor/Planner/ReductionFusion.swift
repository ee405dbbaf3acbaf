extension PlanPass {
  /// What is only made to be summed up is summed up where it is made:
  ///
  ///     d = a - b;  s = d * d;  y = sum(s)      →      y = sum of program(a, b)
  ///
  /// A device reduces the same elements in the same order, so the bits are the same.
  static let reductionFusion = PlanPass(name: "reduction") { program in
    let uses = Uses(program)
    for index in program.steps.indices {
      guard let step = program.steps[index], case .reduction(let reduction, of: nil) = step.primitive,
        reduction.kind != .argMinimum, reduction.kind != .argMaximum,
        let maker = uses.maker(of: step.inputs[0].value), let source = program.steps[maker],
        uses.onlyReader(of: step.inputs[0].value) == index,
        let part = source.part(making: step.inputs[0].value),
        let summand = part.elementwise, !summand.isInteger, program[step.inputs[0]].dtype == .float32
      else { continue }
      // The largest input shows the shape, which others are broadcast to.
      let shape = part.outputs[0].shape
      let whole = part.inputs.indices.filter { part.inputs[$0].shape.count == shape.count }
      guard !whole.isEmpty, shape.count > 1 else { continue }
      let rest = source.without(step.inputs[0].value)
      // Where the maker stays, everything is read once more instead of written and read.
      guard rest == nil || whole.count == 1 else { continue }
      var fused = step
      fused.primitive = .reduction(reduction, of: summand)
      fused.inputs = part.inputs
      for input in whole { fused.inputs[input].shape = shape }
      fused.records = source.records + step.records
      program.steps[index] = fused
      program.steps[maker] = rest
    }
  }
}

extension Program.Step {
  /// An elementwise step that makes one of this one's outputs alone; nil where that is no result of an instruction.
  fileprivate func part(making value: Int) -> Program.Step? {
    guard let program = elementwise, let position = outputs.firstIndex(where: { $0.value == value }),
      program.results[position] >= program.inputCount
    else { return nil }
    return keeping([position])
  }

  /// The step without one of its outputs; nil where there is no other.
  fileprivate func without(_ value: Int) -> Program.Step? {
    let kept = outputs.indices.filter { outputs[$0].value != value }
    return kept.isEmpty ? nil : keeping(kept)
  }

  /// The inputs and instructions that some of the outputs need.
  private func keeping(_ kept: [Int]) -> Program.Step? {
    guard let program = elementwise else { return nil }
    var isNeeded = [Bool](repeating: false, count: program.inputCount + program.instructions.count)
    for output in kept { isNeeded[program.results[output]] = true }
    for (index, instruction) in program.instructions.enumerated().reversed()
    where isNeeded[program.inputCount + index] {
      for operand in instruction.operands { isNeeded[operand] = true }
    }
    var registers = [Int](repeating: 0, count: isNeeded.count)
    var next = 0
    for register in isNeeded.indices where isNeeded[register] {
      registers[register] = next
      next += 1
    }
    var step = self
    step.inputs = inputs.indices.filter { isNeeded[$0] }.map { inputs[$0] }
    step.outputs = kept.map { outputs[$0] }
    step.primitive = .elementwise(
      ElementwiseProgram(
        inputCount: step.inputs.count,
        instructions: program.instructions.indices.filter { isNeeded[program.inputCount + $0] }.map {
          program.instructions[$0].moved(to: registers)
        },
        results: kept.map { registers[program.results[$0]] }, isInteger: program.isInteger))
    return step
  }
}
