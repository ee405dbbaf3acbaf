// Sums, products and extrema of float32 rows (neighbours in memory) and columns (one result a column). Every order of
// operations is fixed by the sizes. Minima and maxima are NaN where an element is.

import MartletKernelTable

@inline(__always) private func row(
  _ x: Floats, _ count: Int, _ identity: Float, _ combine: (V, V) -> V
) -> V {
  var a = splat(identity)
  var b = a
  var c = a
  var d = a
  var i = 0
  while i + 4 * lanes <= count {
    a = combine(a, load(x + i))
    b = combine(b, load(x + (i + lanes)))
    c = combine(c, load(x + (i + 2 * lanes)))
    d = combine(d, load(x + (i + 3 * lanes)))
    i += 4 * lanes
  }
  while i < count {
    a = combine(a, masked(load(x + i), count - i, identity))
    i += lanes
  }
  return combine(combine(a, b), combine(c, d))
}

/// The largest element times `sign`, or NaN where one is.
private func rowMaximum(_ x: Floats, _ count: Int, _ sign: Float) -> Float {
  var a = splat(-.infinity)
  var b = a
  var i = 0
  while i + 2 * lanes <= count {
    a = strictMaximum(a, load(x + i) * splat(sign))
    b = strictMaximum(b, load(x + (i + lanes)) * splat(sign))
    i += 2 * lanes
  }
  while i < count {
    a = strictMaximum(a, masked(load(x + i) * splat(sign), count - i, -.infinity))
    i += lanes
  }
  return laneStrictMaximum(strictMaximum(a, b))
}

/// Whether one of a vector's elements is the number.
@inline(always) private func contains(_ x: Floats, _ number: Float) -> Bool {
  var found: Int32 = 0
  for lane in 0..<lanes { found |= x[lane] == number ? 1 : 0 }
  return found != 0
}

/// y[r] = x[r, 0] ∘ x[r, 1] ∘ ..., for rows of `length` elements
func reduceRows(_ operation: UInt8, _ x: Floats, _ y: MutableFloats, _ rows: Int, _ length: Int) {
  let operation = unsafeBitCast(operation, to: ReductionOperation.self)
  for r in 0..<rows {
    let x = x + r * length
    switch operation {
    case .sum: y[r] = laneSum(row(x, length, 0) { $0 + $1 })
    case .product: y[r] = laneProduct(row(x, length, 1) { $0 * $1 })
    case .minimum: y[r] = -rowMaximum(x, length, -1)
    case .maximum: y[r] = rowMaximum(x, length, 1)
    }
  }
}

@inline(__always) private func columns(
  _ x: Floats, _ y: MutableFloats, _ rows: Int, _ columns: Int, _ stride: Int, _ identity: Float,
  _ combine: (V, V) -> V
) {
  var j = 0
  while j + 4 * lanes <= columns {
    var a = splat(identity)
    var b = a
    var c = a
    var d = a
    var p = x + j
    for _ in 0..<rows {
      a = combine(a, load(p))
      b = combine(b, load(p + lanes))
      c = combine(c, load(p + 2 * lanes))
      d = combine(d, load(p + 3 * lanes))
      p += stride
    }
    store(a, y + j)
    store(b, y + (j + lanes))
    store(c, y + (j + 2 * lanes))
    store(d, y + (j + 3 * lanes))
    j += 4 * lanes
  }
  while j < columns {
    let width = columns - j < lanes ? columns - j : lanes
    var a = splat(identity)
    var p = x + j
    for _ in 0..<rows {
      a = combine(a, load(p))
      p += stride
    }
    store(a, y + j, count: width)
    j += lanes
  }
}

/// y[c] = x[0, c] ∘ x[1, c] ∘ ..., for rows that are `stride` elements apart
func reduceColumns(
  _ operation: UInt8, _ x: Floats, _ y: MutableFloats, _ rows: Int, _ count: Int, _ stride: Int
) {
  let operation = unsafeBitCast(operation, to: ReductionOperation.self)
  switch operation {
  case .sum: columns(x, y, rows, count, stride, 0) { $0 + $1 }
  case .product: columns(x, y, rows, count, stride, 1) { $0 * $1 }
  case .minimum: columns(x, y, rows, count, stride, .infinity) { strictMinimum($0, $1) }
  case .maximum: columns(x, y, rows, count, stride, -.infinity) { strictMaximum($0, $1) }
  }
}

/// y[r] = the first place of the smallest (or largest) element of row r, or of its first NaN
func argumentRows(_ findsMaximum: Int, _ x: Floats, _ y: MutableInts, _ rows: Int, _ length: Int) {
  for r in 0..<rows {
    let x = x + r * length
    let extremum = findsMaximum == 1 ? rowMaximum(x, length, 1) : -rowMaximum(x, length, -1)
    var i = 0
    if extremum == extremum {
      // A vector's worth at a time without a branch, then the place itself.
      while i + lanes <= length && !contains(x + i, extremum) { i += lanes }
      while i < length && x[i] != extremum { i += 1 }
    } else {
      while i < length && x[i] == x[i] { i += 1 }
    }
    y[r] = Int32(truncatingIfNeeded: i < length ? i : 0)
  }
}

/// y[c] = the first row with the smallest (or largest) element of column c, or with its first NaN
func argumentColumns(
  _ findsMaximum: Int, _ x: Floats, _ y: MutableInts, _ rows: Int, _ columns: Int, _ stride: Int
) {
  let sign = findsMaximum == 1 ? splat(1) : splat(-1)
  var j = 0
  while j < columns {
    let width = columns - j < lanes ? columns - j : lanes
    var best = load(x + j) * sign
    var place = VI.zero
    var p = x + (j + stride)
    var r: Int32 = 1
    while Int(r) < rows {
      let v = load(p) * sign
      let isBetter = .!(v .<= best) .& (best .== best)
      best = best.replacing(with: v, where: isBetter)
      place = place.replacing(with: VI(repeating: r), where: isBetter)
      p += stride
      r += 1
    }
    store(place, y + j, count: width)
    j += lanes
  }
}

@inline(always) private func combined(_ operation: ReductionOperation, _ a: Int32, _ b: Int32) -> Int32 {
  switch operation {
  case .sum: a &+ b
  case .product: a &* b
  case .minimum: a < b ? a : b
  case .maximum: a > b ? a : b
  }
}

/// `reduceColumns` for whole numbers; y holds the identities before.
func reduceIntegerColumns(
  _ operation: UInt8, _ x: Ints, _ y: MutableInts, _ rows: Int, _ count: Int, _ stride: Int
) {
  let operation = unsafeBitCast(operation, to: ReductionOperation.self)
  for r in 0..<rows {
    let x = x + r * stride
    switch operation {
    case .sum: for j in 0..<count { y[j] = combined(.sum, y[j], x[j]) }
    case .product: for j in 0..<count { y[j] = combined(.product, y[j], x[j]) }
    case .minimum: for j in 0..<count { y[j] = combined(.minimum, y[j], x[j]) }
    case .maximum: for j in 0..<count { y[j] = combined(.maximum, y[j], x[j]) }
    }
  }
}

/// `reduceRows` for whole numbers; y holds the identities before.
func reduceIntegerRows(_ operation: UInt8, _ x: Ints, _ y: MutableInts, _ rows: Int, _ length: Int) {
  let operation = unsafeBitCast(operation, to: ReductionOperation.self)
  for r in 0..<rows {
    let x = x + r * length
    var result = y[r]
    switch operation {
    case .sum: for i in 0..<length { result = combined(.sum, result, x[i]) }
    case .product: for i in 0..<length { result = combined(.product, result, x[i]) }
    case .minimum: for i in 0..<length { result = combined(.minimum, result, x[i]) }
    case .maximum: for i in 0..<length { result = combined(.maximum, result, x[i]) }
    }
    y[r] = result
  }
}
