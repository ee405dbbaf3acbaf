extension Tensor {
  /// One operation on elements, its operands broadcast and brought to a common type.
  static func elementwise(
    _ opcode: ElementwiseOpcode, _ operands: [Tensor], dtype: DType? = nil, site: Site = .unknown
  ) -> Tensor {
    var shape = operands[0].shape
    for position in 1..<operands.count {
      guard let common = shape.broadcast(with: operands[position].shape) else {
        return fail(
          "shapes do not broadcast: \(operands.map { "\($0.shape)" }.joined(separator: " and ")); sizes must be "
            + "equal or 1, counted from the last axis", operands, site: site, shape: shape)
      }
      shape = common
    }
    let (isInteger, computed) = computeType(operands, opcode)
    return record(
      Recipe.single(opcode, isInteger: isInteger), operands, shape: shape, dtype: dtype ?? computed,
      site: site)
  }

  /// float32 where any operand is; integers stay integers, and plain numbers do not turn them into float32.
  private static func computeType(
    _ operands: [Tensor], _ opcode: ElementwiseOpcode
  ) -> (isInteger: Bool, result: DType) {
    if operands.indices.allSatisfy({ operands[$0].dtype == .float32 }) {
      return (false, opcode.isPredicate ? .bool : .float32)
    }
    let values = opcode == .select ? Array(operands.dropFirst()) : operands
    let arrays = values.filter { !$0.isWholeNumber }
    let common = (arrays.isEmpty ? values : arrays).map(\.dtype).reduce(DType.bool) { $0.promoted(with: $1) }
    if opcode.isPredicate { return (common == .int32, .bool) }
    switch opcode {
    case .divide, .reciprocal, .squareRoot, .exp, .log, .sin, .cos, .tanh, .sigmoid, .erf, .power:
      return (false, common == .float32 || opcode != .power ? .float32 : common)
    case .identity, .select, .minimum, .maximum: return (common != .float32, common)
    default: return (common != .float32, common == .bool ? .int32 : common)
    }
  }

  /// A number by value without a fraction: it takes the type of what it meets.
  private var isWholeNumber: Bool {
    guard case .number(let word) = payload else { return false }
    guard dtype == .float32 else { return true }
    let value = Float(bitPattern: word)
    return value.rounded() == value && value.magnitude < 0x1p24
  }
}

// MARK: - Arithmetic

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { elementwise(.add, [a, b]) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { elementwise(.subtract, [a, b]) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { elementwise(.multiply, [a, b]) }
  /// True division: the result is float32 for integers too.
  public static func / (a: Tensor, b: Tensor) -> Tensor { elementwise(.divide, [a, b]) }
  /// The remainder with the sign of the divisor, as in NumPy.
  public static func % (a: Tensor, b: Tensor) -> Tensor { elementwise(.remainder, [a, b]) }
  public static prefix func - (a: Tensor) -> Tensor { elementwise(.negate, [a]) }

  // Disfavoured, so that a literal operand has one reading: a tensor.
  @_disfavoredOverload public static func + (a: Tensor, b: Float) -> Tensor { a + Tensor(b) }
  @_disfavoredOverload public static func - (a: Tensor, b: Float) -> Tensor { a - Tensor(b) }
  @_disfavoredOverload public static func * (a: Tensor, b: Float) -> Tensor { a * Tensor(b) }
  @_disfavoredOverload public static func / (a: Tensor, b: Float) -> Tensor { a / Tensor(b) }
  @_disfavoredOverload public static func + (a: Float, b: Tensor) -> Tensor { Tensor(a) + b }
  @_disfavoredOverload public static func - (a: Float, b: Tensor) -> Tensor { Tensor(a) - b }
  @_disfavoredOverload public static func * (a: Float, b: Tensor) -> Tensor { Tensor(a) * b }
  @_disfavoredOverload public static func / (a: Float, b: Tensor) -> Tensor { Tensor(a) / b }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
}

// MARK: - Comparison

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .&& : LogicalConjunctionPrecedence
infix operator .|| : LogicalDisjunctionPrecedence

extension Tensor {
  /// Comparisons of elements give truth values. Equality has a dot, so that `==` stays free for whole tensors.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { elementwise(.equal, [a, b]) }
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { elementwise(.notEqual, [a, b]) }
  public static func < (a: Tensor, b: Tensor) -> Tensor { elementwise(.less, [a, b]) }
  public static func <= (a: Tensor, b: Tensor) -> Tensor { elementwise(.lessOrEqual, [a, b]) }
  public static func > (a: Tensor, b: Tensor) -> Tensor { elementwise(.less, [b, a]) }
  public static func >= (a: Tensor, b: Tensor) -> Tensor { elementwise(.lessOrEqual, [b, a]) }
  public static func .&& (a: Tensor, b: Tensor) -> Tensor { elementwise(.and, [a, b]) }
  public static func .|| (a: Tensor, b: Tensor) -> Tensor { elementwise(.or, [a, b]) }
  public static prefix func ! (a: Tensor) -> Tensor { elementwise(.not, [a]) }

  /// The elements of this tensor where the condition holds (is not zero), those of `other` elsewhere: NumPy's
  /// `where(condition, self, other)`.
  public func `where`(_ condition: Tensor, else other: Tensor) -> Tensor {
    Tensor.elementwise(.select, [condition.cast(to: .bool), self, other])
  }
}

/// The smaller of two elements; NaN where either is.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.elementwise(.minimum, [a, b]) }
/// The larger of two elements; NaN where either is.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.elementwise(.maximum, [a, b]) }

// MARK: - Functions

extension Tensor {
  public func abs() -> Tensor { Tensor.elementwise(.absolute, [self]) }
  /// -1, 0 or 1.
  public func sign() -> Tensor { Tensor.elementwise(.sign, [self]) }
  public func floor() -> Tensor { Tensor.elementwise(.floor, [self]) }
  public func ceil() -> Tensor { Tensor.elementwise(.ceil, [self]) }
  /// To the nearest whole number, halves to the even one.
  public func round() -> Tensor { Tensor.elementwise(.round, [self]) }
  public func squared() -> Tensor { Tensor.elementwise(.square, [self]) }
  public func squareRoot() -> Tensor { Tensor.elementwise(.squareRoot, [self]) }
  public func reciprocal() -> Tensor { Tensor.elementwise(.reciprocal, [self]) }
  public func exp() -> Tensor { Tensor.elementwise(.exp, [self]) }
  public func log() -> Tensor { Tensor.elementwise(.log, [self]) }
  public func sin() -> Tensor { Tensor.elementwise(.sin, [self]) }
  public func cos() -> Tensor { Tensor.elementwise(.cos, [self]) }
  public func tanh() -> Tensor { Tensor.elementwise(.tanh, [self]) }
  /// 1 / (1 + exp(-x)).
  public func sigmoid() -> Tensor { Tensor.elementwise(.sigmoid, [self]) }
  /// The error function.
  public func erf() -> Tensor { Tensor.elementwise(.erf, [self]) }
  /// max(x, 0).
  public func relu() -> Tensor { Tensor.elementwise(.relu, [self]) }
  public func power(_ exponent: Tensor) -> Tensor { Tensor.elementwise(.power, [self, exponent]) }
  @_disfavoredOverload
  public func power(_ exponent: Float) -> Tensor { power(Tensor(exponent)) }
  /// Every element brought into a range.
  public func clipped(_ lower: Float, _ upper: Float) -> Tensor {
    minimum(maximum(self, Tensor(lower)), Tensor(upper))
  }

  /// The elements in another type: float32 to int32 drops the fraction, anything to bool asks for "not zero".
  public func cast(to dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let isInteger = self.dtype != .float32 && dtype != .float32
    return Tensor.record(
      .elementwise(.single(.identity, isInteger: isInteger)), [self], shape: shape, dtype: dtype)
  }

  /// The same values, through which no gradient flows.
  public func stoppingGradient() -> Tensor { alias(.stopGradient, shape: shape) }
}

// MARK: - Derivatives

extension ElementwiseProgram {
  func derivative(_ d: Differential) -> [Tensor?] {
    guard d.y.dtype.isFloatingPoint else { return d.operands.map { _ in nil } }
    if self == .movingAverage { return d.operands.map { _ in nil } }
    guard let opcode = singleOpcode else { return derivativeByExpansion(d) }
    let gradients = opcode.derivative(d.operands, d.y, d.dy, d.isWanted)
    return gradients.indices.map { index in
      d.isWanted[index] ? gradients[index]?.summed(to: d.operands[index].shape) : nil
    }
  }
}

extension ElementwiseProgram {
  /// The gradient of a rectifier with the output y: dy where y is positive, 0 elsewhere. Operands: dy, y, 0. The
  /// planner knows it by its instructions and takes the zero for granted.
  static let reluBackward = ElementwiseProgram(
    inputCount: 3, instructions: [Instruction(.less, 2, 1), Instruction(.select, 3, 0, 2)], results: [4])

  /// The derivative of a program of several operations: they are recorded one by one, and those are differentiated.
  private func derivativeByExpansion(_ d: Differential) -> [Tensor?] {
    guard let trace = Tensor.openTrace(d.operands) else { return d.operands.map { _ in nil } }
    var registers = d.operands
    for instruction in instructions {
      registers.append(Tensor.elementwise(instruction.opcode, instruction.operands.map { registers[$0] }))
    }
    let wanted = d.operands.indices.filter { d.isWanted[$0] }
    let gradients = trace.gradients(
      of: [(registers[results[0]], d.dy)], withRespectTo: wanted.map { d.operands[$0] }, isPartial: true)
    var result = [Tensor?](repeating: nil, count: d.operands.count)
    for (position, gradient) in zip(wanted, gradients) { result[position] = gradient }
    return result
  }
}

extension Tensor {
  /// This gradient where y is positive, 0 elsewhere.
  func reluBackward(_ y: Tensor) -> Tensor {
    Tensor.record(.elementwise(.reluBackward), [self, y, Tensor(0)], shape: shape)
  }
}

extension ElementwiseOpcode {
  /// The gradients of the operands x at the output y, before they are summed over broadcast axes.
  func derivative(_ x: [Tensor], _ y: Tensor, _ dy: Tensor, _ isWanted: [Bool]) -> [Tensor?] {
    func second(_ gradient: @autoclosure () -> Tensor) -> Tensor? { isWanted[1] ? gradient() : nil }
    func first(_ gradient: @autoclosure () -> Tensor) -> Tensor? { isWanted[0] ? gradient() : nil }
    switch self {
    case .identity: return [dy]
    case .negate: return [-dy]
    case .absolute: return [dy * x[0].sign()]
    case .sign, .floor, .ceil, .round: return [nil]
    case .square: return [dy * (x[0] * 2)]
    case .squareRoot: return [dy * 0.5 / y]
    case .reciprocal: return [-(dy * y.squared())]
    case .exp: return [dy * y]
    case .log: return [dy / x[0]]
    case .sin: return [dy * x[0].cos()]
    case .cos: return [-(dy * x[0].sin())]
    case .tanh: return [dy * (1 - y.squared())]
    case .sigmoid: return [dy * (y * (1 - y))]
    case .erf: return [dy * ((-x[0].squared()).exp() * 1.128379167)]
    case .relu: return [dy.reluBackward(y)]
    case .not, .equal, .notEqual, .less, .lessOrEqual, .and, .or: return x.map { _ in nil }
    case .add: return [dy, dy]
    case .subtract: return [dy, second(-dy)]
    case .multiply: return [first(dy * x[1]), second(dy * x[0])]
    case .divide: return [first(dy / x[1]), second(-(dy * y / x[1]))]
    // Where both are equal, the first operand takes the gradient.
    case .minimum: return [first(dy.where(x[0] <= x[1], else: 0)), second(dy.where(x[1] < x[0], else: 0))]
    case .maximum: return [first(dy.where(x[0] >= x[1], else: 0)), second(dy.where(x[1] > x[0], else: 0))]
    case .power:
      let logarithm = { Tensor.elementwise(.maximum, [x[0], Tensor(Float.leastNormalMagnitude)]).log() }
      return [
        first(dy * (x[1] * x[0].power(x[1] - 1))),
        second((dy * (y * logarithm())).where(x[0] > 0, else: 0)),
      ]
    case .remainder: return [dy, second(-(dy * (x[0] / x[1]).floor()))]
    case .select:
      return [nil, second(dy.where(x[0], else: 0)), Tensor(0).where(x[0], else: dy)]
    case .multiplyAdd: return [first(dy * x[1]), second(dy * x[0]), dy]
    }
  }
}

extension Tensor {
  /// The gradient of an operand that was broadcast to this shape: the sum over the axes in which it was repeated.
  func summed(to shape: Shape) -> Tensor {
    if self.shape == shape { return self }
    let extra = rank - shape.rank
    let axes = (0..<rank).filter { $0 < extra || (shape[$0 - extra] == 1 && self.shape[$0] != 1) }
    return sum(axes: Axes(axes)).viewed(as: shape)
  }
}
