// Copies that bring the second factor of a product into strips: [depth][width], one after another for the kernel.

/// to[k * width + n] = from[k * stride + n] for k < depth, n < columns; zeros up to the width.
func packRows(
  _ from: Floats, _ stride: Int, _ depth: Int, _ columns: Int, _ to: MutableFloats, _ width: Int
) {
  var from = from
  var to = to
  for _ in 0..<depth {
    var n = 0
    while n < width {
      let present = columns &- n
      store(present < lanes ? load(from + n, count: present < 0 ? 0 : present) : load(from + n), to + n)
      n &+= lanes
    }
    from += stride
    to += width
  }
}

/// to[k * width + n] = from[n * stride + k] for k < depth, n < columns; zeros up to the width.
func packColumns(
  _ from: Floats, _ stride: Int, _ depth: Int, _ columns: Int, _ to: MutableFloats, _ width: Int
) {
  var n = 0
  while n < width {
    if n &+ 4 <= columns {
      transposeFour(from + n &* stride, stride, depth, to + n, width)
    } else {
      for column in n..<(n &+ 4) {
        let source = from + column &* stride
        for k in 0..<depth { to[k &* width &+ column] = column < columns ? source[k] : 0 }
      }
    }
    n &+= 4
  }
}

/// Four rows of `from` become four columns of `to`, four steps at a time in registers.
@inline(__always)
private func transposeFour(_ from: Floats, _ stride: Int, _ depth: Int, _ to: MutableFloats, _ width: Int) {
  typealias Four = SIMD4<Float>
  let a = UnsafeRawPointer(from)
  let b = UnsafeRawPointer(from + stride)
  let c = UnsafeRawPointer(from + 2 &* stride)
  let d = UnsafeRawPointer(from + 3 &* stride)
  var k = 0
  var out = UnsafeMutableRawPointer(to)
  let step = width &* 4
  while k &+ 4 <= depth {
    let at = k &* 4
    let a4 = a.loadUnaligned(fromByteOffset: at, as: Four.self)
    let b4 = b.loadUnaligned(fromByteOffset: at, as: Four.self)
    let c4 = c.loadUnaligned(fromByteOffset: at, as: Four.self)
    let d4 = d.loadUnaligned(fromByteOffset: at, as: Four.self)
    let ab = SIMD8(lowHalf: a4, highHalf: b4)
    let cd = SIMD8(lowHalf: c4, highHalf: d4)
    // a0 a2 b0 b2 | c0 c2 d0 d2, and the odd ones.
    let even = SIMD8(lowHalf: ab.evenHalf, highHalf: cd.evenHalf)
    let odd = SIMD8(lowHalf: ab.oddHalf, highHalf: cd.oddHalf)
    out.storeBytes(of: even.evenHalf, as: Four.self)
    (out + step).storeBytes(of: odd.evenHalf, as: Four.self)
    (out + 2 &* step).storeBytes(of: even.oddHalf, as: Four.self)
    (out + 3 &* step).storeBytes(of: odd.oddHalf, as: Four.self)
    out += 4 &* step
    k &+= 4
  }
  while k < depth {
    let at = k &* 4
    out.storeBytes(of: a.loadUnaligned(fromByteOffset: at, as: Float.self), as: Float.self)
    out.storeBytes(of: b.loadUnaligned(fromByteOffset: at, as: Float.self), toByteOffset: 4, as: Float.self)
    out.storeBytes(of: c.loadUnaligned(fromByteOffset: at, as: Float.self), toByteOffset: 8, as: Float.self)
    out.storeBytes(of: d.loadUnaligned(fromByteOffset: at, as: Float.self), toByteOffset: 12, as: Float.self)
    out += step
    k &+= 1
  }
}

/// to[i] = Σ_j from[j * distance + i] for i < count, in the order of j: the sum of partial results.
func sumTerms(_ from: Floats, _ distance: Int, _ terms: Int, _ count: Int, _ to: MutableFloats) {
  var i = 0
  while i < count {
    let present = count &- i
    var sum = V.zero
    for j in 0..<terms {
      let term = from + (j &* distance &+ i)
      sum += present < lanes ? load(term, count: present) : load(term)
    }
    if present < lanes { store(sum, to + i, count: present) } else { store(sum, to + i) }
    i &+= lanes
  }
}
