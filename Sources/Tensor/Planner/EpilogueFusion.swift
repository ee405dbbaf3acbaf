extension PlanPass {
  /// What follows a product, a convolution or a batch normalisation element by element happens on its results while
  /// they are still in registers:
  ///
  ///     y = conv(x, w);  z = y + residual;  r = relu(z)      →      r = conv(x, w, residual; relu)
  ///
  /// In inference that takes batch normalisation into the convolution before it. In the backward pass it adds gradients
  /// up where they are made, and makes the gradient of the rectifier before.
  static let epilogueFusion = PlanPass(name: "epilogue") { program in
    var uses = Uses(program)
    for index in program.steps.indices {
      var position = index
      while let next = absorbReader(of: position, in: &program, &uses) { position = next }
    }
  }

  /// Takes the only reader of a step's result into the step, and gives the place where it stands then.
  private static func absorbReader(of index: Int, in program: inout Program, _ uses: inout Uses) -> Int? {
    guard let step = program.steps[index], step.primitive.epilogue != nil,
      let reader = uses.onlyReader(of: step.outputs[0].value), let next = program.steps[reader],
      let change = EpilogueChange(of: step, by: next, in: program)
    else { return nil }
    let isReady = change.operand.map { uses.isReady($0.value, before: index) } ?? true
    let canSink = step.outputs.allSatisfy { uses.readers(of: $0.value).allSatisfy { $0 >= reader } }
    guard isReady || canSink else { return nil }
    let (position, emptied) = isReady ? (index, reader) : (reader, index)
    program.steps[emptied] = nil
    program.steps[position] = change.applied(to: step, next)
    uses.move(emptied, into: position)
    return position
  }
}

/// How an elementwise step becomes part of the epilogue of the step before it.
private struct EpilogueChange {
  var epilogue: Epilogue
  /// A further operand, and its place among the epilogue's.
  var operand: Program.Argument?
  var place = 0

  /// - Returns: nil where it cannot.
  init?(of step: Program.Step, by next: Program.Step, in program: Program) {
    guard let epilogue = step.primitive.epilogue, let elementwise = next.elementwise,
      next.outputs.count == 1, program[next.outputs[0]].dtype == .float32,
      next.outputs[0].shape.count == step.outputs[0].shape.count, !epilogue.hasMask
    else { return nil }
    self.epilogue = epilogue
    let result = step.outputs[0]
    let isNormalization = step.primitive.isBatchNormalization
    // Operands that stand before a residual.
    let rows = [epilogue.hasBias, epilogue.hasScale, epilogue.hasShift].count { $0 }

    if elementwise == .reluBackward, next.inputs[0].value == result.value,
      Self.isWhole(next.inputs[1], like: result, in: program), next.inputs[1].value != result.value,
      epilogue.activation == .linear, !isNormalization
    {
      self.epilogue.hasMask = true
      operand = next.inputs[1]
      place = rows + (epilogue.hasResidual ? 1 : 0)
      return
    }
    guard epilogue.activation == .linear else { return nil }
    switch elementwise.singleOpcode {
    case .relu: self.epilogue.activation = .relu
    case .sigmoid where !isNormalization: self.epilogue.activation = .sigmoid
    case .tanh where !isNormalization: self.epilogue.activation = .tanh
    case .add where !epilogue.hasResidual:
      guard let other = next.inputs.first(where: { $0.value != result.value }) else { return nil }
      operand = other
      place = rows
      if Self.isWhole(other, like: result, in: program) {
        self.epilogue.hasResidual = true
      } else if Self.isRow(other, of: result, next.outputs[0], in: program), !isNormalization {
        if epilogue.hasScale && !epilogue.hasShift {
          self.epilogue.hasShift = true
        } else if rows == 0 {
          self.epilogue.hasBias = true
        } else {
          return nil
        }
      } else {
        return nil
      }
    case .multiply where !epilogue.hasScale && !epilogue.hasResidual && !isNormalization:
      guard let other = next.inputs.first(where: { $0.value != result.value }),
        Self.isRow(other, of: result, next.outputs[0], in: program)
      else { return nil }
      operand = other
      place = rows
      self.epilogue.hasScale = true
    default: return nil
    }
  }

  /// Whether an array has as many elements.
  private static func isWhole(
    _ argument: Program.Argument, like result: Program.Argument, in program: Program
  ) -> Bool {
    if case .number = program[argument].source { return false }
    return argument.shape.count == result.shape.count && program[argument].dtype == .float32
  }

  /// Whether an array is one number for each column.
  private static func isRow(
    _ argument: Program.Argument, of result: Program.Argument, _ output: Program.Argument, in program: Program
  ) -> Bool {
    if case .number = program[argument].source { return false }
    guard argument.shape.rank > 0, result.shape.rank > 0, output.shape.rank > 0 else { return false }
    let columns = result.shape[-1]
    return argument.shape.count == columns && argument.shape[-1] == columns && output.shape[-1] == columns
      && program[argument].dtype == .float32
  }

  func applied(to step: Program.Step, _ next: Program.Step) -> Program.Step {
    var fused = step
    fused.primitive.epilogue = epilogue
    if let operand { fused.inputs.insert(operand, at: step.primitive.epilogueStart + place) }
    fused.outputs[0].value = next.outputs[0].value
    fused.records += next.records
    return fused
  }
}

extension Primitive {
  var isBatchNormalization: Bool { if case .batchNormalization = self { true } else { false } }

  /// Where the operands of the epilogue begin.
  fileprivate var epilogueStart: Int { isBatchNormalization ? 3 : 2 }

  /// What happens to results in registers; nil where nothing can.
  fileprivate var epilogue: Epilogue? {
    get {
      switch self {
      case .gemm(_, let epilogue), .batchNormalization(let epilogue): epilogue
      case .convolution(let pass, _, let epilogue): pass == .backwardKernel ? nil : epilogue
      default: nil
      }
    }
    set {
      guard let newValue else { return }
      switch self {
      case .gemm(let product, _): self = .gemm(product, newValue)
      case .batchNormalization: self = .batchNormalization(newValue)
      case .convolution(let pass, let geometry, _): self = .convolution(pass, geometry, newValue)
      default: preconditionFailure("\(name) has no epilogue")
      }
    }
  }
}
