// The operations of an elementwise program as the leaf functions know them, in the order of Core's opcodes: those of
// one operand, of two, and of three. They travel as bytes, the position of a case, and are cast back bit by bit: calling
// `init(rawValue:)` would leave a copy of it in every module of leaf functions.

public enum UnaryOperation: UInt8, Sendable, CaseIterable {
  case identity, negate, absolute, sign, floor, ceil, round, square, squareRoot, reciprocal
  case exp, log, sin, cos, tanh, sigmoid, erf, relu, not
}

public enum BinaryOperation: UInt8, Sendable, CaseIterable {
  case add, subtract, multiply, divide, minimum, maximum, power, remainder
  case equal, notEqual, less, lessOrEqual, and, or
}

public enum TernaryOperation: UInt8, Sendable, CaseIterable {
  case select, multiplyAdd
}

/// How the results of a reduction are combined.
public enum ReductionOperation: UInt8, Sendable, CaseIterable {
  case sum, product, minimum, maximum
}
