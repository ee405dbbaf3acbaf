import MartletLayers

/// A number for each element of a parameter, in the formula of an optimizer: written as mathematics, run as one
/// elementwise program.
///
/// ```swift
/// let velocity = momentum * moments[0] + -rate * g
/// return [p + velocity, velocity]
/// ```
public final class Term {
  enum Kind {
    /// One of the arrays that the formula reads.
    case array(Int)
    /// The same for all elements.
    case number(Float)
    case operation(ElementwiseOpcode, [Term])
  }
  let kind: Kind
  init(_ kind: Kind) { self.kind = kind }
  private convenience init(_ opcode: ElementwiseOpcode, _ operands: Term...) {
    self.init(.operation(opcode, operands))
  }
  private convenience init(_ number: Float) { self.init(.number(number)) }

  public static func + (a: Term, b: Term) -> Term { Term(.add, a, b) }
  public static func - (a: Term, b: Term) -> Term { Term(.subtract, a, b) }
  public static func * (a: Term, b: Term) -> Term { Term(.multiply, a, b) }
  public static func / (a: Term, b: Term) -> Term { Term(.divide, a, b) }
  public static func + (a: Term, b: Float) -> Term { a + Term(b) }
  public static func * (a: Float, b: Term) -> Term { b * Term(a) }

  public func squareRoot() -> Term { Term(.squareRoot, self) }
  public func squared() -> Term { Term(.square, self) }
  public func magnitude() -> Term { Term(.absolute, self) }
  /// -1, 0 or 1.
  public func sign() -> Term { Term(.sign, self) }
  public func maximum(_ other: Term) -> Term { Term(.maximum, self, other) }
  /// The nearest number in -limit ... limit.
  public func clipped(to limit: Float) -> Term {
    Term(.maximum, Term(.minimum, self, Term(limit)), Term(-limit))
  }
}

/// The program of a formula, and the numbers in it: operands that follow its arrays.
struct Formula {
  private(set) var program = ElementwiseProgram(inputCount: 0, instructions: [], results: [])
  private(set) var numbers: [Float] = []
  private var registers: [ObjectIdentifier: Int] = [:]
  private var uses: [ObjectIdentifier: Int] = [:]

  /// - Parameter arrays: how many arrays the formula reads.
  init(_ results: [Term], arrays: Int) {
    for result in results { survey(result, arrays) }
    program.inputCount = arrays + numbers.count
    for result in results { program.results.append(emit(result)) }
  }

  /// Counts how often each term is used, and gives arrays and numbers their registers.
  private mutating func survey(_ term: Term, _ arrays: Int) {
    let key = ObjectIdentifier(term)
    uses[key, default: 0] += 1
    guard uses[key] == 1 else { return }
    switch term.kind {
    case .array(let index): registers[key] = index
    case .number(let value):
      registers[key] = arrays + numbers.count
      numbers.append(value)
    case .operation(_, let operands): for operand in operands { survey(operand, arrays) }
    }
  }

  private mutating func emit(_ term: Term) -> Int {
    if let register = registers[ObjectIdentifier(term)] { return register }
    guard case .operation(let opcode, let operands) = term.kind else { preconditionFailure("not surveyed") }
    let instruction: ElementwiseProgram.Instruction
    if opcode == .add, let position = operands.firstIndex(where: isLoneProduct),
      case .operation(_, let factors) = operands[position].kind
    {
      // a * b + c is one instruction.
      instruction = .init(.multiplyAdd, emit(factors[0]), emit(factors[1]), emit(operands[1 - position]))
    } else {
      let read = operands.map { emit($0) } + [0]
      instruction = .init(opcode, read[0], read[1])
    }
    let register = program.inputCount + program.instructions.count
    program.instructions.append(instruction)
    registers[ObjectIdentifier(term)] = register
    return register
  }

  private func isLoneProduct(_ term: Term) -> Bool {
    if case .operation(.multiply, _) = term.kind { return uses[ObjectIdentifier(term)] == 1 }
    return false
  }
}
