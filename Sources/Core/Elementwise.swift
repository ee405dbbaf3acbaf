/// One operation on elements. Operands `a`, `b`, `c` in order; comparisons and logic give 1 or 0.
public enum ElementwiseOpcode: UInt8, Hashable, Sendable, CaseIterable {
  // One operand.
  case identity, negate, absolute, sign, floor, ceil, round, square, squareRoot, reciprocal
  case exp, log, sin, cos, tanh, sigmoid, erf, relu, not
  // Two operands. `remainder` has the sign of the divisor, as in NumPy and Python.
  case add, subtract, multiply, divide, minimum, maximum, power, remainder
  case equal, notEqual, less, lessOrEqual, and, or
  // Three operands: `a ? b : c`, and a * b + c rounded as the device does.
  case select, multiplyAdd

  public var operandCount: Int {
    if rawValue >= ElementwiseOpcode.select.rawValue { return 3 }
    return rawValue >= ElementwiseOpcode.add.rawValue ? 2 : 1
  }

  /// Whether the result is a truth value.
  public var isPredicate: Bool {
    switch self {
    case .not, .equal, .notEqual, .less, .lessOrEqual, .and, .or: true
    default: false
    }
  }
}

/// A straight-line program that is run for every element: inputs are loaded and converted, instructions follow one
/// another, results are converted and stored.
///
/// Registers 0 ..< inputCount are the inputs, those after them the results of the instructions in order. Inputs are
/// broadcast to the shape of the output by NumPy's rules; all outputs have that shape. Arithmetic happens in
/// float32, or in int32 where `isInteger`.
public struct ElementwiseProgram: Hashable, Sendable {
  public struct Instruction: Hashable, Sendable {
    public var opcode: ElementwiseOpcode
    public var a: UInt8
    public var b: UInt8
    public var c: UInt8

    public init(_ opcode: ElementwiseOpcode, _ a: Int, _ b: Int = 0, _ c: Int = 0) {
      self.opcode = opcode
      self.a = UInt8(a)
      self.b = UInt8(b)
      self.c = UInt8(c)
    }

    /// The registers that it reads.
    public var operands: [Int] { [Int(a), Int(b), Int(c)].dropLast(3 - opcode.operandCount) }

    /// The same instruction where each register is another one.
    public func moved(to registers: [Int]) -> Instruction {
      let operands = operands.map { registers[$0] } + [0, 0]
      return Instruction(opcode, operands[0], operands[1], operands[2])
    }
  }

  public var inputCount: Int
  public var instructions: [Instruction]
  /// The registers that are stored, one for each output.
  public var results: [Int]
  public var isInteger: Bool

  public init(inputCount: Int, instructions: [Instruction], results: [Int], isInteger: Bool = false) {
    self.inputCount = inputCount
    self.instructions = instructions
    self.results = results
    self.isInteger = isInteger
  }

  /// The program of a single operation.
  public static func single(_ opcode: ElementwiseOpcode, isInteger: Bool = false) -> ElementwiseProgram {
    (isInteger ? integerSingles : singles)[Int(opcode.rawValue)]
  }

  /// The opcode, where the program is a single operation on its inputs in order.
  public var singleOpcode: ElementwiseOpcode? {
    instructions.count == 1 && self == Self.single(instructions[0].opcode, isInteger: isInteger)
      ? instructions[0].opcode : nil
  }

  private static let singles = ElementwiseOpcode.allCases.map { makeSingle($0, isInteger: false) }
  private static let integerSingles = ElementwiseOpcode.allCases.map { makeSingle($0, isInteger: true) }
  private static func makeSingle(_ opcode: ElementwiseOpcode, isInteger: Bool) -> ElementwiseProgram {
    ElementwiseProgram(
      inputCount: opcode.operandCount, instructions: [Instruction(opcode, 0, 1, 2).moved(to: [0, 1, 2])],
      results: [opcode.operandCount], isInteger: isInteger)
  }
}
