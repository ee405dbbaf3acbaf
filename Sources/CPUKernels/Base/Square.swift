// Squares of as many rows as a vector has lanes, transposed in registers.

#if AVX512
  typealias Square = InlineArray<16, V>
  @inline(always) private var empty: Square {
    let z = V.zero
    return [z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z]
  }
#elseif AVX2
  typealias Square = InlineArray<8, V>
  @inline(always) private var empty: Square {
    let z = V.zero
    return [z, z, z, z, z, z, z, z]
  }
#else
  typealias Square = InlineArray<4, V>
  @inline(always) private var empty: Square { [V.zero, V.zero, V.zero, V.zero] }
#endif

/// The rows at x, x + stride, ...; from `count` on the last of them again.
@inline(always) func loadSquare(_ x: Floats, _ stride: Int, count: Int) -> Square {
  var square = empty
  for i in 0..<lanes { square[unchecked: i] = load(x + (i < count ? i : count &- 1) &* stride) }
  return square
}

/// Two rows become two in which they alternate. By lanes: the generic halves of the standard library would be calls.
@inline(always) private func zipped(_ a: V, _ b: V) -> (low: V, high: V) {
  #if AVX512
    let low = V(
      a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3], a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7])
    let high = V(
      a[8], b[8], a[9], b[9], a[10], b[10], a[11], b[11], a[12], b[12], a[13], b[13], a[14], b[14], a[15],
      b[15])
  #elseif AVX2
    let low = V(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3])
    let high = V(a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7])
  #else
    let low = V(a[0], b[0], a[1], b[1])
    let high = V(a[2], b[2], a[3], b[3])
  #endif
  return (low, high)
}

/// Every row is zipped with the one half a square below. Written out, because longer loops are not unrolled.
@inline(always) private func zipped(_ s: Square) -> Square {
  #if AVX512
    let a = zipped(s[unchecked: 0], s[unchecked: 8])
    let b = zipped(s[unchecked: 1], s[unchecked: 9])
    let c = zipped(s[unchecked: 2], s[unchecked: 10])
    let d = zipped(s[unchecked: 3], s[unchecked: 11])
    let e = zipped(s[unchecked: 4], s[unchecked: 12])
    let f = zipped(s[unchecked: 5], s[unchecked: 13])
    let g = zipped(s[unchecked: 6], s[unchecked: 14])
    let h = zipped(s[unchecked: 7], s[unchecked: 15])
    return [
      a.low, a.high, b.low, b.high, c.low, c.high, d.low, d.high,
      e.low, e.high, f.low, f.high, g.low, g.high, h.low, h.high,
    ]
  #elseif AVX2
    let a = zipped(s[unchecked: 0], s[unchecked: 4])
    let b = zipped(s[unchecked: 1], s[unchecked: 5])
    let c = zipped(s[unchecked: 2], s[unchecked: 6])
    let d = zipped(s[unchecked: 3], s[unchecked: 7])
    return [a.low, a.high, b.low, b.high, c.low, c.high, d.low, d.high]
  #else
    let a = zipped(s[unchecked: 0], s[unchecked: 2])
    let b = zipped(s[unchecked: 1], s[unchecked: 3])
    return [a.low, a.high, b.low, b.high]
  #endif
}

/// Element (i, j) becomes (j, i). A zip turns the bits of an element's address, row and lane, by one place; half a turn
/// exchanges the two.
@inline(always) func transposed(_ square: Square) -> Square {
  #if AVX512
    zipped(zipped(zipped(zipped(square))))
  #elseif AVX2
    zipped(zipped(zipped(square)))
  #else
    zipped(zipped(square))
  #endif
}

/// The first `length` elements of the first `count` rows, to rows `stride` elements apart. Where one is right behind the
/// other, whole vectors while what they write beyond their row is still to come.
@inline(always) func storeRows(
  _ square: Square, _ y: MutableFloats, _ stride: Int, _ length: Int, count: Int
) {
  withUnsafePointer(to: square) { square in
    // Through a pointer: a row picked by a variable would spill the whole square each time.
    let rows = UnsafeRawPointer(square).assumingMemoryBound(to: V.self)
    for i in 0..<count {
      let row = y + i &* stride
      let isWhole = length == lanes || (stride == length && (count &- i) &* length >= lanes)
      if isWhole { store(rows[i], row) } else { store(rows[i], row, count: length) }
    }
  }
}

/// y[j, i] = x[i, j], the rows of x and y `xStride` and `yStride` elements apart. Rows of x in blocks that stay in the
/// second-level cache; in a block as few rows of y at a time as can be, each for a long stretch.
func transposeRows(
  _ x: Floats, _ xStride: Int, _ rows: Int, _ columns: Int, _ y: MutableFloats, _ yStride: Int
) {
  var first = 0
  while first < rows {
    let end = rows - first < 512 ? rows : first + 512
    var j = 0
    while j < columns {
      let width = columns - j < lanes ? columns - j : lanes
      var i = first
      while i < end {
        let height = rows - i < lanes ? rows - i : lanes
        let square = transposed(loadSquare(x + (i * xStride + j), xStride, count: height))
        storeRows(square, y + (j * yStride + i), yStride, height, count: width)
        i += lanes
      }
      j += lanes
    }
    first = end
  }
}
