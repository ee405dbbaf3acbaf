// The elementwise operations that whole numbers have, and conversions between element types: plain loops, which the
// compiler vectorises. Arithmetic wraps around.

import MartletKernelTable

typealias Ints = UnsafePointer<Int32>
typealias MutableInts = UnsafeMutablePointer<Int32>

@inline(__always) private func map(
  _ x: Ints, _ y: MutableInts, _ count: Int, _ operation: (Int32) -> Int32
) {
  for i in 0..<count { y[i] = operation(x[i]) }
}

@inline(__always) private func map(
  _ a: Ints, _ aIsFull: Int, _ b: Ints, _ bIsFull: Int, _ y: MutableInts, _ count: Int,
  _ operation: (Int32, Int32) -> Int32
) {
  if aIsFull == 1 && bIsFull == 1 {
    for i in 0..<count { y[i] = operation(a[i], b[i]) }
  } else if aIsFull == 1 {
    let number = b[0]
    for i in 0..<count { y[i] = operation(a[i], number) }
  } else {
    let number = a[0]
    for i in 0..<count { y[i] = operation(number, b[i * bIsFull]) }
  }
}

/// y[i] = operation(x[i]). Functions of real numbers have no case here: the caller converts.
func integersUnary(_ operation: UInt8, _ x: Ints, _ y: MutableInts, _ count: Int) {
  let operation = unsafeBitCast(operation, to: UnaryOperation.self)
  switch operation {
  case .identity, .floor, .ceil, .round: map(x, y, count) { $0 }
  case .negate: map(x, y, count) { 0 &- $0 }
  case .absolute: map(x, y, count) { $0 < 0 ? 0 &- $0 : $0 }
  case .sign: map(x, y, count) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
  case .square: map(x, y, count) { $0 &* $0 }
  case .relu: map(x, y, count) { $0 < 0 ? 0 : $0 }
  case .not: map(x, y, count) { $0 == 0 ? 1 : 0 }
  case .squareRoot, .reciprocal, .exp, .log, .sin, .cos, .tanh, .sigmoid, .erf: break
  }
}

@inline(always) private func quotient(_ a: Int32, _ b: Int32) -> Int32 {
  b == 0 ? 0 : b == -1 ? 0 &- a : a / b
}

@inline(always) private func remainder(_ a: Int32, _ b: Int32) -> Int32 {
  if b == 0 || b == -1 { return 0 }
  let rest = a % b
  return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
}

/// By repeated squaring; negative exponents truncate 1 / a^-b toward zero.
@inline(always) private func power(_ a: Int32, _ b: Int32) -> Int32 {
  if b < 0 { return a == 1 ? 1 : a == -1 ? (b & 1 == 0 ? 1 : -1) : 0 }
  var result: Int32 = 1
  var factor = a
  var exponent = b
  while exponent > 0 {
    if exponent & 1 == 1 { result = result &* factor }
    factor = factor &* factor
    exponent >>= 1
  }
  return result
}

/// y[i] = operation(a[i], b[i])
func integersBinary(
  _ operation: UInt8, _ a: Ints, _ p: Int, _ b: Ints, _ q: Int, _ y: MutableInts, _ count: Int
) {
  let operation = unsafeBitCast(operation, to: BinaryOperation.self)
  switch operation {
  case .add: map(a, p, b, q, y, count) { $0 &+ $1 }
  case .subtract: map(a, p, b, q, y, count) { $0 &- $1 }
  case .multiply: map(a, p, b, q, y, count) { $0 &* $1 }
  case .divide: map(a, p, b, q, y, count) { quotient($0, $1) }
  case .minimum: map(a, p, b, q, y, count) { $0 < $1 ? $0 : $1 }
  case .maximum: map(a, p, b, q, y, count) { $0 > $1 ? $0 : $1 }
  case .power: map(a, p, b, q, y, count) { power($0, $1) }
  case .remainder: map(a, p, b, q, y, count) { remainder($0, $1) }
  case .equal: map(a, p, b, q, y, count) { $0 == $1 ? 1 : 0 }
  case .notEqual: map(a, p, b, q, y, count) { $0 != $1 ? 1 : 0 }
  case .less: map(a, p, b, q, y, count) { $0 < $1 ? 1 : 0 }
  case .lessOrEqual: map(a, p, b, q, y, count) { $0 <= $1 ? 1 : 0 }
  case .and: map(a, p, b, q, y, count) { ($0 != 0 ? 1 : 0) & ($1 != 0 ? 1 : 0) }
  case .or: map(a, p, b, q, y, count) { ($0 | $1) != 0 ? 1 : 0 }
  }
}

/// y[i] = operation(a[i], b[i], c[i])
func integersTernary(
  _ operation: UInt8, _ a: Ints, _ p: Int, _ b: Ints, _ q: Int, _ c: Ints, _ r: Int, _ y: MutableInts,
  _ count: Int
) {
  let operation = unsafeBitCast(operation, to: TernaryOperation.self)
  switch operation {
  case .select:
    for i in 0..<count { y[i] = a[i * p] != 0 ? b[i * q] : c[i * r] }
  case .multiplyAdd:
    for i in 0..<count { y[i] = a[i * p] &* b[i * q] &+ c[i * r] }
  }
}

/// Toward zero, to the nearest end of the range beyond it, 0 for NaN.
@inline(always) private func truncated(_ x: Float) -> Int32 {
  let inside = x > -2_147_483_648 ? (x < 2_147_483_520 ? x : 2_147_483_520) : -2_147_483_648
  let number = Int32(x == x ? inside : 0)
  return x >= 2_147_483_648 ? Int32.max : number
}

@inline(always) private func byte(_ x: Int32) -> UInt8 {
  UInt8(truncatingIfNeeded: x < 0 ? 0 : x > 255 ? 255 : x)
}

func floatsFromIntegers(_ x: Ints, _ y: MutableFloats, _ count: Int) {
  for i in 0..<count { y[i] = Float(x[i]) }
}

func floatsFromBytes(_ x: UnsafePointer<UInt8>, _ y: MutableFloats, _ count: Int) {
  for i in 0..<count { y[i] = Float(Int32(x[i])) }
}

func integersFromBytes(_ x: UnsafePointer<UInt8>, _ y: MutableInts, _ count: Int) {
  for i in 0..<count { y[i] = Int32(x[i]) }
}

func integersFromFloats(_ x: Floats, _ y: MutableInts, _ count: Int) {
  for i in 0..<count { y[i] = truncated(x[i]) }
}

func bytesFromFloats(_ x: Floats, _ y: UnsafeMutablePointer<UInt8>, _ count: Int) {
  for i in 0..<count { y[i] = byte(truncated(x[i])) }
}

func bytesFromIntegers(_ x: Ints, _ y: UnsafeMutablePointer<UInt8>, _ count: Int) {
  for i in 0..<count { y[i] = byte(x[i]) }
}

func truthsFromFloats(_ x: Floats, _ y: UnsafeMutablePointer<UInt8>, _ count: Int) {
  for i in 0..<count { y[i] = x[i] != 0 ? 1 : 0 }
}

func truthsFromIntegers(_ x: Ints, _ y: UnsafeMutablePointer<UInt8>, _ count: Int) {
  for i in 0..<count { y[i] = x[i] != 0 ? 1 : 0 }
}
