import Glibc
import MartletCore

extension ElementwiseOpcode {
  /// What it means, in Double.
  public func defined(_ a: Double, _ b: Double = 0, _ c: Double = 0) -> Double {
    switch self {
    case .identity: a
    case .negate: -a
    case .absolute: a.magnitude
    case .sign: a > 0 ? 1 : a < 0 ? -1 : a
    case .floor: Glibc.floor(a)
    case .ceil: Glibc.ceil(a)
    case .round: a.rounded(.toNearestOrEven)
    case .square: a * a
    case .squareRoot: a.squareRoot()
    case .reciprocal: 1 / a
    case .exp: Glibc.exp(a)
    case .log: Glibc.log(a)
    case .sin: Glibc.sin(a)
    case .cos: Glibc.cos(a)
    case .tanh: Glibc.tanh(a)
    case .sigmoid: 1 / (1 + Glibc.exp(-a))
    case .erf: Glibc.erf(a)
    case .relu: a < 0 ? 0 : a
    case .not: a == 0 ? 1 : 0
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .power: Glibc.pow(a, b)
    case .remainder: Self.remainder(Glibc.fmod(a, b), b)
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    case .select: a != 0 ? b : c
    case .multiplyAdd: a * b + c
    }
  }

  /// What it means for whole numbers, which wrap around.
  func defined(_ a: Int32, _ b: Int32, _ c: Int32) -> Int32 {
    switch self {
    case .identity, .floor, .ceil, .round: a
    case .negate: 0 &- a
    case .absolute: a < 0 ? 0 &- a : a
    case .sign: a.signum()
    case .square: a &* a
    case .exp, .log, .squareRoot, .reciprocal, .sin, .cos, .tanh, .sigmoid, .erf:
      Int32(whole(defined(Double(a))))
    case .relu: Swift.max(0, a)
    case .add: a &+ b
    case .subtract: a &- b
    case .multiply: a &* b
    case .divide: b == 0 ? 0 : Int32(truncatingIfNeeded: Int(a) / Int(b))
    case .minimum: Swift.min(a, b)
    case .maximum: Swift.max(a, b)
    case .power: Self.power(a, b)
    case .remainder: b == 0 ? 0 : Int32((Int(a) % Int(b) + Int(b)) % Int(b))
    case .not: a == 0 ? 1 : 0
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

  /// The rest of a division with the sign of the divisor.
  private static func remainder(_ rest: Double, _ divisor: Double) -> Double {
    rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
  }

  private static func power(_ a: Int32, _ b: Int32) -> Int32 {
    if b < 0 { return a.magnitude == 1 ? (b & 1 == 0 ? 1 : a) : 0 }
    return (0..<b).reduce(1) { product, _ in product &* a }
  }
}

extension ElementwiseProgram {
  /// The program's results before they are stored.
  func defined(_ inputs: [HostArray], _ numbers: [Number], shape: Shape) -> [[Double]] {
    var registers = inputs.map { load($0, shape) }
    registers += numbers.map { number in
      let value = isInteger ? whole(number.double) : number.double
      return [Double](repeating: value, count: shape.count)
    }
    for instruction in instructions {
      let (a, b, c) = (Int(instruction.a), Int(instruction.b), Int(instruction.c))
      let opcode = instruction.opcode
      registers.append(
        (0..<shape.count).map { i in
          let (x, y, z) = (registers[a][i], registers[b][i], registers[c][i])
          return isInteger ? Double(opcode.defined(Int32(x), Int32(y), Int32(z))) : opcode.defined(x, y, z)
        })
    }
    return results.map { registers[$0] }
  }

  /// An input at each place of the output.
  private func load(_ array: HostArray, _ shape: Shape) -> [Double] {
    let values = isInteger ? array.doubles.map(whole) : array.doubles
    if array.shape.count == shape.count { return values }
    return (0..<shape.count).map { values[Self.place($0, shape, array.shape)] }
  }

  /// Where element i of the output finds its partner by NumPy's rules.
  private static func place(_ i: Int, _ output: Shape, _ input: Shape) -> Int {
    var (rest, stride, place) = (i, 1, 0)
    for fromEnd in 1...max(1, output.rank) where fromEnd <= output.rank {
      let coordinate = rest % output[-fromEnd]
      rest /= output[-fromEnd]
      guard fromEnd <= input.rank else { continue }
      place += (input[-fromEnd] == 1 ? 0 : coordinate) * stride
      stride *= input[-fromEnd]
    }
    return place
  }
}
