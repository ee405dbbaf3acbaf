// One operation over a block of float32 elements, results straight into memory. An operand is walked with a step of
// one vector, or of none, where it is a vector filled with one number. Every vector is loaded before the results of
// the same place are stored, so results may replace operands. The last vector is read whole: whatever holds an operand
// has room for one more vector behind its end.

import MartletKernelTable

@inline(always) private func truth(_ mask: SIMDMask<VI.MaskStorage>) -> V {
  V.zero.replacing(with: splat(1), where: mask)
}

@inline(__always) private func map(
  _ x: Floats, _ y: MutableFloats, _ count: Int, _ operation: (V) -> V
) {
  var i = 0
  while i + lanes <= count {
    store(operation(load(x + i)), y + i)
    i += lanes
  }
  if i < count { store(operation(load(x + i)), y + i, count: count - i) }
}

@inline(__always) private func map(
  _ a: Floats, _ aStep: Int, _ b: Floats, _ bStep: Int, _ y: MutableFloats, _ count: Int,
  _ operation: (V, V) -> V
) {
  var a = a
  var b = b
  var i = 0
  while i + lanes <= count {
    store(operation(load(a), load(b)), y + i)
    a += aStep
    b += bStep
    i += lanes
  }
  let rest = count - i
  if rest > 0 { store(operation(load(a), load(b)), y + i, count: rest) }
}

@inline(__always) private func map(
  _ a: Floats, _ aStep: Int, _ b: Floats, _ bStep: Int, _ c: Floats, _ cStep: Int, _ y: MutableFloats,
  _ count: Int, _ operation: (V, V, V) -> V
) {
  var a = a
  var b = b
  var c = c
  var i = 0
  while i + lanes <= count {
    store(operation(load(a), load(b), load(c)), y + i)
    a += aStep
    b += bStep
    c += cStep
    i += lanes
  }
  let rest = count - i
  if rest > 0 {
    let value = operation(load(a), load(b), load(c))
    store(value, y + i, count: rest)
  }
}

/// The minimum, NaN where either is NaN.
@inline(always) func strictMinimum(_ a: V, _ b: V) -> V {
  b.replacing(with: a, where: (a .< b) .| (a .!= a))
}

/// The maximum, NaN where either is NaN.
@inline(always) func strictMaximum(_ a: V, _ b: V) -> V {
  b.replacing(with: a, where: (a .> b) .| (a .!= a))
}

// Long functions have loops of their own: the compiler does not inline a long closure.

private func elementsExponential(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    let value = vexp(load(x + i))
    if count - i >= lanes { store(value, y + i) } else { store(value, y + i, count: count - i) }
    i += lanes
  }
}

private func elementsLogarithm(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    let value = logarithm(load(x + i))
    if count - i >= lanes { store(value, y + i) } else { store(value, y + i, count: count - i) }
    i += lanes
  }
}

private func elementsHyperbolicTangent(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    let value = vtanh(load(x + i))
    if count - i >= lanes { store(value, y + i) } else { store(value, y + i, count: count - i) }
    i += lanes
  }
}

private func elementsSigmoid(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    let value = vsigmoid(load(x + i))
    if count - i >= lanes { store(value, y + i) } else { store(value, y + i, count: count - i) }
    i += lanes
  }
}

private func elementsErrorFunction(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    let value = errorFunction(load(x + i))
    if count - i >= lanes { store(value, y + i) } else { store(value, y + i, count: count - i) }
    i += lanes
  }
}

private func elementsSign(_ x: Floats, _ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    let v = load(x + i)
    let unit = floats((bits(v) & VI(repeating: Int32.min)) | bits(splat(1)))
    let value = v.replacing(with: unit, where: magnitude(v) .> V.zero)
    if count - i >= lanes { store(value, y + i) } else { store(value, y + i, count: count - i) }
    i += lanes
  }
}

/// y[i] = operation(x[i])
func elementsUnary(_ operation: UInt8, _ x: Floats, _ y: MutableFloats, _ count: Int) {
  let operation = unsafeBitCast(operation, to: UnaryOperation.self)
  let one = splat(1)
  switch operation {
  case .identity: map(x, y, count) { $0 }
  case .negate: map(x, y, count) { floats(bits($0) ^ VI(repeating: Int32.min)) }
  case .absolute: map(x, y, count) { magnitude($0) }
  case .sign: elementsSign(x, y, count)
  case .floor: map(x, y, count) { $0.rounded(.down) }
  case .ceil: map(x, y, count) { $0.rounded(.up) }
  case .round: map(x, y, count) { $0.rounded(.toNearestOrEven) }
  case .square: map(x, y, count) { $0 * $0 }
  case .squareRoot: map(x, y, count) { $0.squareRoot() }
  case .reciprocal: map(x, y, count) { one / $0 }
  case .exp: elementsExponential(x, y, count)
  case .log: elementsLogarithm(x, y, count)
  case .sin: elementsSine(x, y, count)
  case .cos: elementsCosine(x, y, count)
  case .tanh: elementsHyperbolicTangent(x, y, count)
  case .sigmoid: elementsSigmoid(x, y, count)
  case .erf: elementsErrorFunction(x, y, count)
  case .relu: map(x, y, count) { $0.replacing(with: V.zero, where: $0 .< V.zero) }
  case .not: map(x, y, count) { truth($0 .== V.zero) }
  }
}

/// y[i] = operation(a[i], b[i])
func elementsBinary(
  _ operation: UInt8, _ a: Floats, _ aIsFull: Int, _ b: Floats, _ bIsFull: Int, _ y: MutableFloats,
  _ count: Int
) {
  let operation = unsafeBitCast(operation, to: BinaryOperation.self)
  let p = aIsFull * lanes
  let q = bIsFull * lanes
  switch operation {
  case .add: map(a, p, b, q, y, count) { $0 + $1 }
  case .subtract: map(a, p, b, q, y, count) { $0 - $1 }
  case .multiply: map(a, p, b, q, y, count) { $0 * $1 }
  case .divide: map(a, p, b, q, y, count) { $0 / $1 }
  case .minimum: map(a, p, b, q, y, count) { strictMinimum($0, $1) }
  case .maximum: map(a, p, b, q, y, count) { strictMaximum($0, $1) }
  case .power: elementsPower(a, aIsFull, b, bIsFull, y, count)
  case .remainder: elementsRemainder(a, aIsFull, b, bIsFull, y, count)
  case .equal: map(a, p, b, q, y, count) { truth($0 .== $1) }
  case .notEqual: map(a, p, b, q, y, count) { truth($0 .!= $1) }
  case .less: map(a, p, b, q, y, count) { truth($0 .< $1) }
  case .lessOrEqual: map(a, p, b, q, y, count) { truth($0 .<= $1) }
  case .and: map(a, p, b, q, y, count) { truth(($0 .!= V.zero) .& ($1 .!= V.zero)) }
  case .or: map(a, p, b, q, y, count) { truth(($0 .!= V.zero) .| ($1 .!= V.zero)) }
  }
}

/// y[i] = operation(a[i], b[i], c[i])
func elementsTernary(
  _ operation: UInt8, _ a: Floats, _ aIsFull: Int, _ b: Floats, _ bIsFull: Int, _ c: Floats, _ cIsFull: Int,
  _ y: MutableFloats, _ count: Int
) {
  let operation = unsafeBitCast(operation, to: TernaryOperation.self)
  let p = aIsFull * lanes
  let q = bIsFull * lanes
  let r = cIsFull * lanes
  switch operation {
  case .select:
    map(a, p, b, q, c, r, y, count) { $2.replacing(with: $1, where: $0 .!= V.zero) }
  case .multiplyAdd: map(a, p, b, q, c, r, y, count) { multiplyAdd($0, $1, $2) }
  }
}
