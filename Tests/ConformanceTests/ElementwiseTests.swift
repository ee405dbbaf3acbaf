import Glibc
import MartletCore
import Testing

/// What every opcode means, in Double.
let definitions: [ElementwiseOpcode: @Sendable ([Double]) -> Double] = [
  .identity: { $0[0] }, .negate: { -$0[0] }, .absolute: { Swift.abs($0[0]) },
  .sign: { $0[0] > 0 ? 1 : $0[0] < 0 ? -1 : $0[0] }, .floor: { Glibc.floor($0[0]) },
  .ceil: { Glibc.ceil($0[0]) },
  .round: { $0[0].rounded(.toNearestOrEven) }, .square: { $0[0] * $0[0] },
  .squareRoot: { $0[0].squareRoot() }, .reciprocal: { 1 / $0[0] }, .exp: { Glibc.exp($0[0]) },
  .log: { Glibc.log($0[0]) }, .sin: { Glibc.sin($0[0]) }, .cos: { Glibc.cos($0[0]) },
  .tanh: { Glibc.tanh($0[0]) }, .sigmoid: { 1 / (1 + Glibc.exp(-$0[0])) }, .erf: { Glibc.erf($0[0]) },
  .relu: { $0[0] < 0 ? 0 : $0[0] }, .not: { $0[0] == 0 ? 1 : 0 },
  .add: { $0[0] + $0[1] }, .subtract: { $0[0] - $0[1] }, .multiply: { $0[0] * $0[1] },
  .divide: { $0[0] / $0[1] },
  .minimum: { $0[0].isNaN || $0[1].isNaN ? .nan : Swift.min($0[0], $0[1]) },
  .maximum: { $0[0].isNaN || $0[1].isNaN ? .nan : Swift.max($0[0], $0[1]) },
  .power: { Glibc.pow($0[0], $0[1]) },
  .remainder: { pair in
    let rest = Glibc.fmod(pair[0], pair[1])
    return rest != 0 && (rest < 0) != (pair[1] < 0) ? rest + pair[1] : rest
  },
  .equal: { $0[0] == $0[1] ? 1 : 0 }, .notEqual: { $0[0] != $0[1] ? 1 : 0 },
  .less: { $0[0] < $0[1] ? 1 : 0 }, .lessOrEqual: { $0[0] <= $0[1] ? 1 : 0 },
  .and: { $0[0] != 0 && $0[1] != 0 ? 1 : 0 }, .or: { $0[0] != 0 || $0[1] != 0 ? 1 : 0 },
  .select: { $0[0] != 0 ? $0[1] : $0[2] }, .multiplyAdd: { $0[0] * $0[1] + $0[2] },
]

/// Numbers at the edges, then a range of ordinary ones: pairs and triples of them meet because the lists that tests
/// build have lengths without a common factor.
let edges: [Float] = [
  0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -2.5, 100, -100, 1e-3, 88.5, -87, -103, 1e10, -1e10, 3e38,
  1e-38,
  0x1p-140, .infinity, -.infinity, .nan, 16_777_216, 7, -7, 0.625,
]

@Suite struct ElementwiseTests {
  @Test func everyOpcodeIsDefined() {
    for opcode in ElementwiseOpcode.allCases {
      #expect(definitions[opcode] != nil, "\(opcode) has no definition")
    }
  }

  /// Every opcode on edge values and ordinary ones, against its definition.
  @Test(arguments: DevicePair.all, ElementwiseOpcode.allCases)
  func single(pair: DevicePair, opcode: ElementwiseOpcode) throws {
    let definition = try #require(definitions[opcode])
    let ordinary: [Float] = noise([61], seed: 3).values().map { $0 * 9 }
    let count = 30 * 31
    let inputs: [[Float]] = [
      (0..<count).map { edges[$0 % 30] }, (0..<count).map { (edges + ordinary)[$0 % 31] },
      (0..<count).map { (edges + ordinary)[$0 % 37] },
    ]
    let operands = inputs.prefix(opcode.operandCount).map { HostArray($0) }
    let actual = try pair.run(.elementwise(.single(opcode)), operands, output: [count])
    let expected = (0..<count).map { i in
      let operands = inputs.map { Double($0[i]) }
      let isLost =
        switch opcode {
        // Angles of which a float knows nothing more; products that overflow where they are rounded by themselves.
        case .sin, .cos: operands[0].isFinite && Swift.abs(operands[0]) > 1e9
        case .multiplyAdd: !Float(operands[0] * operands[1]).isFinite
        default: false
        }
      return isLost ? Double(actual[i]) : definition(operands)
    }
    let (relative, absolute) = tolerance(opcode)
    expectMatches(actual, expected, relative: relative, absolute: absolute, "\(opcode)")
  }

  /// Relative and absolute errors. Single operations are rounded once; functions have the errors that their doc
  /// comments state; exact cancellations of a * b + c are known only to the rounding of a * b.
  private func tolerance(_ opcode: ElementwiseOpcode) -> (Double, Double) {
    switch opcode {
    case .exp, .sigmoid, .power: (2.5e-7, 2e-38)
    case .log, .tanh: (2.5e-7, 0)
    case .sin, .cos, .erf: (0, 3e-7)
    case .multiplyAdd: (3e-7, 1e-4)
    default: (6e-8, 1.5e-45)
    }
  }

  /// The stated errors on a fine sweep.
  @Test(arguments: DevicePair.all)
  func accuracy(pair: DevicePair) throws {
    let sweeps: [(ElementwiseOpcode, ClosedRange<Float>, Double, Double)] = [
      (.exp, -87...88, 2.5e-7, 0), (.tanh, -10...10, 2.5e-7, 0), (.sigmoid, -80...20, 2.5e-7, 0),
      (.log, 0.001...10, 2.5e-7, 0), (.sin, -8000...8000, 0, 3e-7), (.cos, -8000...8000, 0, 3e-7),
      (.sin, -4e8...4e8, 0, 3e-7), (.erf, -5...5, 0, 3e-7),
    ]
    for (opcode, range, relative, absolute) in sweeps {
      let step = (range.upperBound - range.lowerBound) / 4999
      let x = (0..<5000).map { range.lowerBound + Float($0) * step }
      let actual = try pair.run(.elementwise(.single(opcode)), [HostArray(x)], output: [5000])
      let definition = try #require(definitions[opcode])
      let expected = x.map { definition([Double($0)]) }
      expectClose(actual, expected, relative: relative, absolute: absolute, "\(opcode) \(range)")
    }
  }

  /// Powers that are exact in float32 come out exact.
  @Test(arguments: DevicePair.all)
  func powersOfWholeNumbers(pair: DevicePair) throws {
    let bases: [Float] = (-10...10).map { Float($0) }
    let x = HostArray(bases, shape: [21, 1])
    let exponents: [Float] = [0, 1, 2, 3, 4, 5, 6, -1]
    let actual = try pair.run(
      .elementwise(.single(.power)), [x, HostArray(exponents)], output: [21, 8])
    for (i, base) in bases.enumerated() {
      for (j, exponent) in exponents.enumerated() {
        #expect(actual[i * 8 + j] == Float(Glibc.pow(Double(base), Double(exponent))))
      }
    }
  }

  @Test(arguments: DevicePair.all, ElementwiseOpcode.allCases)
  func integers(pair: DevicePair, opcode: ElementwiseOpcode) throws {
    let numbers: [Int32] = [0, 1, -1, 2, -2, 7, -7, 100, 46341, .max, .min, 12, -13, 31]
    let count = 14 * 13
    let inputs: [[Int32]] = [
      (0..<count).map { numbers[$0 % 14] }, (0..<count).map { numbers[$0 % 13] },
      (0..<count).map { numbers[$0 % 11] },
    ]
    let operands = inputs.prefix(opcode.operandCount).map { HostArray($0) }
    let actual: [Int32] = try pair.run(
      .elementwise(.single(opcode, isInteger: true)), operands, outputs: [([count], .int32)])[0].values()
    for i in 0..<count {
      let (a, b, c) = (inputs[0][i], inputs[1][i], inputs[2][i])
      guard let expected = integerResult(opcode, a, b, c) else { continue }
      #expect(actual[i] == expected, "\(opcode)(\(a), \(b), \(c))")
    }
  }

  /// Nil where a function of real numbers is so steep that rounding decides.
  private func integerResult(_ opcode: ElementwiseOpcode, _ a: Int32, _ b: Int32, _ c: Int32) -> Int32? {
    switch opcode {
    case .identity, .floor, .ceil, .round: a
    case .negate: 0 &- a
    case .absolute: a < 0 ? 0 &- a : a
    case .sign: a.signum()
    case .square: a &* a
    case .relu: max(0, a)
    case .not: a == 0 ? 1 : 0
    case .exp, .log, .squareRoot, .reciprocal, .sin, .cos, .tanh, .sigmoid, .erf:
      Swift.abs(Double(a)) > 10
        ? nil : Int32(clamping: definitions[opcode].map { saturated($0([Double(a)])) } ?? 0)
    case .add: a &+ b
    case .subtract: a &- b
    case .multiply: a &* b
    case .divide: b == 0 ? 0 : Int32(truncatingIfNeeded: Int(a) / Int(b))
    case .minimum: min(a, b)
    case .maximum: max(a, b)
    case .power:
      if b > 1000 {
        nil
      } else if b < 0 {
        Swift.abs(Double(a)) == 1 ? (b & 1 == 0 ? 1 : a) : 0
      } else {
        (0..<b).reduce(1) { product, _ in product &* a }
      }
    case .remainder: b == 0 ? 0 : Int32(((Int(a) % Int(b)) + Int(b)) % Int(b))
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    case .select: a != 0 ? b : c
    case .multiplyAdd: a &* b &+ c
    }
  }

  private func saturated(_ x: Double) -> Int {
    x.isNaN ? 0 : Int(max(-2_147_483_648, min(2_147_483_647, x)))
  }
}
