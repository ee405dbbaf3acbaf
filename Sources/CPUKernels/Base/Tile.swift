import MartletKernelTable

// A tile is an InlineArray of M rows of N vectors. With constant M and N, full inlining and unchecked subscripts the
// vectors live in registers, up to 24 of them, as long as the optimiser unrolls every loop over them: it does for six
// rows and not for twelve. A *folded* tile of twelve rows is therefore stored as six whose right half is the rows
// 6 ..< 12:
//
//     rows 0 ..< 6 │ vectors 0 ..< N / 2          rows 6 ..< 12 │ vectors N / 2 ..< N
//
// Generic functions must be private: in builds for tests, others are also emitted unspecialised, together with weak
// copies of the standard library's generic functions that they call.

@inline(__always)
private func zeros<let M: Int, let N: Int>() -> InlineArray<M, InlineArray<N, V>> {
  InlineArray(repeating: InlineArray(repeating: V.zero))
}

/// N vectors side by side; half as many for a folded tile.
@inline(__always)
private func loadRow<let N: Int>(_ p: Floats, _ row: InlineArray<N, V>, folded: Bool) -> InlineArray<N, V> {
  var row = row
  for n in 0..<(folded ? N / 2 : N) { row[unchecked: n] = load(p + n &* lanes) }
  return row
}

/// The results so far: zeros, or what stands in c.
@inline(__always)
private func begin<let M: Int, let N: Int>(
  _ tile: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ result: UnsafePointer<TileResult>
) -> InlineArray<M, InlineArray<N, V>> {
  var tile = tile
  let width = folded ? N / 2 : N
  if result.pointee.accumulates {
    for m in 0..<M where m < count {
      let c = result.pointee.c + result.pointee.offsets[m]
      for n in 0..<width { tile[unchecked: m][unchecked: n] = load(c + n &* lanes) }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let c = result.pointee.c + result.pointee.offsets[M &+ m]
        for n in 0..<width { tile[unchecked: m][unchecked: width &+ n] = load(c + n &* lanes) }
      }
    }
  }
  return tile
}

/// Combines every row of the tile with the same vectors.
@inline(__always)
private func combine<let M: Int, let N: Int>(
  _ tile: inout InlineArray<M, InlineArray<N, V>>, folded: Bool, with row: Floats, _ operation: (V, V) -> V
) {
  let width = folded ? N / 2 : N
  for n in 0..<width {
    let v = load(row + n &* lanes)
    for m in 0..<M { tile[unchecked: m][unchecked: n] = operation(tile[unchecked: m][unchecked: n], v) }
    if folded {
      for m in 0..<M {
        tile[unchecked: m][unchecked: width &+ n] = operation(tile[unchecked: m][unchecked: width &+ n], v)
      }
    }
  }
}

/// Does what the result says of bias, scale, shift, residual, activation and mask, and stores the rows 0 ..< count.
///
/// The result stays behind its pointer: a copy would be made in whole vectors, which have to wait for the driver's last
/// change of a single field (a third of the time of a depthwise convolution).
@inline(__always)
private func finish<let M: Int, let N: Int>(
  _ tile: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ result: UnsafePointer<TileResult>
) {
  var tile = tile
  let width = folded ? N / 2 : N
  if let bias = result.pointee.bias { combine(&tile, folded: folded, with: bias) { $0 + $1 } }
  if let scale = result.pointee.scale { combine(&tile, folded: folded, with: scale) { $0 * $1 } }
  if let shift = result.pointee.shift { combine(&tile, folded: folded, with: shift) { $0 + $1 } }
  if let residual = result.pointee.residual {
    for m in 0..<M where m < count {
      let row = residual + result.pointee.offsets[m]
      for n in 0..<width { tile[unchecked: m][unchecked: n] += load(row + n &* lanes) }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let row = residual + result.pointee.offsets[M &+ m]
        for n in 0..<width { tile[unchecked: m][unchecked: width &+ n] += load(row + n &* lanes) }
      }
    }
  }
  if result.pointee.activation == 1 {
    for m in 0..<M {
      for n in 0..<N { tile[unchecked: m][unchecked: n] = larger(tile[unchecked: m][unchecked: n], V.zero) }
    }
  }
  if let mask = result.pointee.mask {
    for m in 0..<M where m < count {
      let row = mask + result.pointee.offsets[m]
      for n in 0..<width {
        tile[unchecked: m][unchecked: n] = masked(tile[unchecked: m][unchecked: n], load(row + n &* lanes))
      }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let row = mask + result.pointee.offsets[M &+ m]
        for n in width..<N {
          tile[unchecked: m][unchecked: n] = masked(
            tile[unchecked: m][unchecked: n], load(row + (n &- width) &* lanes))
        }
      }
    }
  }
  if width == 1 && result.pointee.columns < lanes {
    for m in 0..<M where m < count {
      storePart(
        tile[unchecked: m][unchecked: 0], result.pointee.c + result.pointee.offsets[m], result.pointee.columns
      )
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        storePart(
          tile[unchecked: m][unchecked: width], result.pointee.c + result.pointee.offsets[M &+ m],
          result.pointee.columns)
      }
    }
  } else {
    for m in 0..<M where m < count {
      let c = result.pointee.c + result.pointee.offsets[m]
      for n in 0..<width { store(tile[unchecked: m][unchecked: n], c + n &* lanes) }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let c = result.pointee.c + result.pointee.offsets[M &+ m]
        for n in 0..<width { store(tile[unchecked: m][unchecked: width &+ n], c + n &* lanes) }
      }
    }
  }
  if result.pointee.activation > 1 { activate(count, result) }
}

// MARK: Rows

// The tile behind matrix products and convolutions. The rows of A are found through pointers, so one kernel serves
// both: a matrix has one tap, a convolution one pointer for each tap and pixel (padding points to zeros). The idea is
// that of Dukhan (2019), *The Indirect Convolution Algorithm*.
//
//            b  k │ n n n n           one row of b is N vectors, loaded once for M rows
//     rows[m] ─k──┼────────
//              m  │ tile                each element of a is broadcast and multiplied with all of them

@inline(__always)
private func multiplyRows<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ source: UnsafeRawPointer,
  _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: RowSource.self).pointee
  let result = result.assumingMemoryBound(to: TileResult.self)
  var tile = begin(zeros, folded: folded, count, result)
  var rows = source.rows
  for tap in 0..<source.tapCount {
    var pointers = InlineArray<M, Floats>(repeating: rows[0])
    var lower = pointers
    for m in 0..<M { pointers[unchecked: m] = rows[m] }
    if folded { for m in 0..<M { lower[unchecked: m] = rows[M &+ m] } }
    _ = multiplyDepth(
      &tile, folded: folded, pointers, lower, source.depth, source.b + source.taps[tap] &* source.tapStride,
      source.bStride)
    rows += MatrixKernels.blockRows
  }
  finish(tile, folded: folded, count, result)
}

/// tile[m, n] += Σ_k rows[m][k] * b[k, n]; where the next rows of b would be.
@inline(__always)
private func multiplyDepth<let M: Int, let N: Int>(
  _ tile: inout InlineArray<M, InlineArray<N, V>>, folded: Bool, _ rows: InlineArray<M, Floats>,
  _ lower: InlineArray<M, Floats>, _ depth: Int, _ b: Floats, _ bStride: Int
) -> Floats {
  var b = b
  var k = 0
  // Four steps at a time pay where there are few pointers.
  if !folded {
    while k &+ 4 <= depth {
      for step in 0..<4 {
        multiplyStep(&tile, folded: false, rows, lower, k &+ step, b)
        b += bStride
      }
      k &+= 4
    }
  }
  while k < depth {
    multiplyStep(&tile, folded: folded, rows, lower, k, b)
    b += bStride
    k &+= 1
  }
  return b
}

/// tile[m, n] += rows[m][k] * b[n]
@inline(__always)
private func multiplyStep<let M: Int, let N: Int>(
  _ tile: inout InlineArray<M, InlineArray<N, V>>, folded: Bool, _ rows: InlineArray<M, Floats>,
  _ lower: InlineArray<M, Floats>, _ k: Int, _ b: Floats
) {
  let width = folded ? N / 2 : N
  let row = loadRow(b, InlineArray<N, V>(repeating: V.zero), folded: folded)
  for m in 0..<M {
    let a = V(repeating: rows[unchecked: m][k])
    for n in 0..<width {
      tile[unchecked: m][unchecked: n] = multiplyAdd(a, row[unchecked: n], tile[unchecked: m][unchecked: n])
    }
    if folded {
      let a = V(repeating: lower[unchecked: m][k])
      for n in 0..<width {
        tile[unchecked: m][unchecked: width &+ n] =
          multiplyAdd(a, row[unchecked: n], tile[unchecked: m][unchecked: width &+ n])
      }
    }
  }
}

// Heights between those that exist take the next one up and leave rows unstored.

@inline(never) private func rows6x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<6, InlineArray<4, V>>, folded: false, m, s, r)
}
@inline(never) private func rows4x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<4, InlineArray<4, V>>, folded: false, m, s, r)
}
@inline(never) private func rows2x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<2, InlineArray<4, V>>, folded: false, m, s, r)
}
@inline(never) private func rows1x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<1, InlineArray<4, V>>, folded: false, m, s, r)
}
#if AVX512 || arch(arm64)
  @inline(never) private func rows12x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplyRows(zeros() as InlineArray<6, InlineArray<4, V>>, folded: true, m, s, r)
  }
#endif
@inline(never) private func rows6x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<6, InlineArray<2, V>>, folded: false, m, s, r)
}
@inline(never) private func rows4x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<4, InlineArray<2, V>>, folded: false, m, s, r)
}
@inline(never) private func rows2x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<2, InlineArray<2, V>>, folded: false, m, s, r)
}
@inline(never) private func rows12x1(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<6, InlineArray<2, V>>, folded: true, m, s, r)
}
@inline(never) private func rows6x1(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<6, InlineArray<1, V>>, folded: false, m, s, r)
}
@inline(never) private func rows2x1(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyRows(zeros() as InlineArray<2, InlineArray<1, V>>, folded: false, m, s, r)
}

/// Up to 6 rows of four vectors: for 32 vector registers.
func multiplyFour(_ m: Int, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer) {
  switch m {
  case 1: rows1x4(m, source, result)
  case 2: rows2x4(m, source, result)
  case 3, 4: rows4x4(m, source, result)
  default: rows6x4(m, source, result)
  }
}

/// Up to 12 rows of two vectors, or up to 6 where there are 16 vector registers.
func multiplyTwo(_ m: Int, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer) {
  switch m {
  case 1, 2: rows2x2(m, source, result)
  case 3, 4: rows4x2(m, source, result)
  #if AVX512 || arch(arm64)
    case 7...: rows12x2(m, source, result)
  #endif
  default: rows6x2(m, source, result)
  }
}

/// Up to 12 rows of one vector.
func multiplyOne(_ m: Int, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer) {
  switch m {
  case 1, 2: rows2x1(m, source, result)
  case 3...6: rows6x1(m, source, result)
  default: rows12x1(m, source, result)
  }
}

// MARK: Rows a step apart

// The same tile for rows that lie one step apart: neighbouring pixels whose taps are all inside the source. Nothing has
// to be written down for each pixel. Heights are exact, because what lies beyond the last row may not be readable.

@inline(__always)
private func multiplySteps<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ source: UnsafeRawPointer,
  _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: StepSource.self)
  let result = result.assumingMemoryBound(to: TileResult.self)
  let count = folded ? 2 &* M : M
  var tile = begin(zeros, folded: folded, count, result)
  let a = source.pointee.a
  let step = source.pointee.step
  let depth = source.pointee.depth
  let bStride = source.pointee.bStride
  var b = source.pointee.b
  for tap in 0..<source.pointee.taps {
    let first = a + source.pointee.offsets[tap]
    var pointers = InlineArray<M, Floats>(repeating: first)
    var lower = pointers
    for m in 0..<M { pointers[unchecked: m] = first + m &* step }
    if folded { for m in 0..<M { lower[unchecked: m] = first + (M &+ m) &* step } }
    b = multiplyDepth(&tile, folded: folded, pointers, lower, depth, b, bStride)
  }
  finish(tile, folded: folded, count, result)
}

#if AVX512 || arch(arm64)
  @inline(never) private func steps6x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplySteps(zeros() as InlineArray<6, InlineArray<4, V>>, folded: false, s, r)
  }
  @inline(never) private func steps4x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplySteps(zeros() as InlineArray<4, InlineArray<4, V>>, folded: false, s, r)
  }
  @inline(never) private func steps2x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplySteps(zeros() as InlineArray<2, InlineArray<4, V>>, folded: false, s, r)
  }
  @inline(never) private func steps1x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplySteps(zeros() as InlineArray<1, InlineArray<4, V>>, folded: false, s, r)
  }
  @inline(never) private func steps12x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplySteps(zeros() as InlineArray<6, InlineArray<4, V>>, folded: true, s, r)
  }
#endif
@inline(never) private func steps6x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<6, InlineArray<2, V>>, folded: false, s, r)
}
@inline(never) private func steps4x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<4, InlineArray<2, V>>, folded: false, s, r)
}
@inline(never) private func steps2x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<2, InlineArray<2, V>>, folded: false, s, r)
}
@inline(never) private func steps1x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<1, InlineArray<2, V>>, folded: false, s, r)
}
@inline(never) private func steps12x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<6, InlineArray<2, V>>, folded: true, s, r)
}
@inline(never) private func steps6x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<6, InlineArray<1, V>>, folded: false, s, r)
}
@inline(never) private func steps2x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<2, InlineArray<1, V>>, folded: false, s, r)
}
@inline(never) private func steps1x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplySteps(zeros() as InlineArray<1, InlineArray<1, V>>, folded: false, s, r)
}

/// The largest height that exists and is at most m pixels, and its rows; `vectors` wide.
func multiplySteps(_ vectors: Int, _ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) -> Int {
  switch vectors {
  case 1:
    if m >= 12 {
      steps12x1(s, r)
      return 12
    }
    let height = m >= 6 ? 6 : m >= 2 ? 2 : 1
    switch height {
    case 6: steps6x1(s, r)
    case 2: steps2x1(s, r)
    default: steps1x1(s, r)
    }
    return height
  #if AVX512 || arch(arm64)
    case 4:
      let height = m >= 6 ? 6 : m >= 4 ? 4 : m >= 2 ? 2 : 1
      switch height {
      case 6: steps6x4(s, r)
      case 4: steps4x4(s, r)
      case 2: steps2x4(s, r)
      default: steps1x4(s, r)
      }
      return height
    case _ where m >= 12:
      steps12x2(s, r)
      return 12
  #endif
  default:
    let height = m >= 6 ? 6 : m >= 4 ? 4 : m >= 2 ? 2 : 1
    switch height {
    case 6: steps6x2(s, r)
    case 4: steps4x2(s, r)
    case 2: steps2x2(s, r)
    default: steps1x2(s, r)
    }
    return height
  }
}

// MARK: Outer products

// The tile behind kernel gradients and products with a transposed first factor: a sum of outer products over points.
// A point's M numbers of a and its N vectors of b both lie side by side in memory, so x and dy are read in place.
//
//           b │ n n n n
//     a ──────┼────────      one point
//        m    │ tile += a[m] * b[n]

@inline(__always)
private func addOuterProducts<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ source: UnsafeRawPointer,
  _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: OuterSource.self).pointee
  let result = result.assumingMemoryBound(to: TileResult.self)
  var tile = begin(zeros, folded: folded, count, result)
  var aOuter = source.a
  var bOuter = source.b
  for _ in 0..<source.count.0 {
    var aMiddle = aOuter
    var bMiddle = bOuter
    for _ in 0..<source.count.1 {
      var a = aMiddle
      var b = bMiddle
      for _ in 0..<source.count.2 {
        addOuterProduct(&tile, folded: folded, a, b)
        a += source.aSteps.2
        b += source.bSteps.2
      }
      aMiddle += source.aSteps.1
      bMiddle += source.bSteps.1
    }
    aOuter += source.aSteps.0
    bOuter += source.bSteps.0
  }
  finish(tile, folded: folded, count, result)
}

/// tile[m, n] += a[m] * b[n]
@inline(__always)
private func addOuterProduct<let M: Int, let N: Int>(
  _ tile: inout InlineArray<M, InlineArray<N, V>>, folded: Bool, _ a: Floats, _ b: Floats
) {
  let width = folded ? N / 2 : N
  let row = loadRow(b, InlineArray<N, V>(repeating: V.zero), folded: folded)
  for m in 0..<M {
    let x = V(repeating: a[m])
    for n in 0..<width {
      tile[unchecked: m][unchecked: n] = multiplyAdd(x, row[unchecked: n], tile[unchecked: m][unchecked: n])
    }
    if folded {
      let x = V(repeating: a[M &+ m])
      for n in 0..<width {
        tile[unchecked: m][unchecked: width &+ n] =
          multiplyAdd(x, row[unchecked: n], tile[unchecked: m][unchecked: width &+ n])
      }
    }
  }
}

// Heights between those that exist take the next one up and leave rows unstored.

@inline(never) private func outer6x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<6, InlineArray<4, V>>, folded: false, m, s, r)
}
@inline(never) private func outer4x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<4, InlineArray<4, V>>, folded: false, m, s, r)
}
@inline(never) private func outer2x4(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<2, InlineArray<4, V>>, folded: false, m, s, r)
}
#if AVX512 || arch(arm64)
  @inline(never) private func outer12x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    addOuterProducts(zeros() as InlineArray<6, InlineArray<4, V>>, folded: true, m, s, r)
  }
#endif
@inline(never) private func outer6x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<6, InlineArray<2, V>>, folded: false, m, s, r)
}
@inline(never) private func outer3x2(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<3, InlineArray<2, V>>, folded: false, m, s, r)
}
@inline(never) private func outer12x1(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<6, InlineArray<2, V>>, folded: true, m, s, r)
}
@inline(never) private func outer3x1(_ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  addOuterProducts(zeros() as InlineArray<3, InlineArray<1, V>>, folded: false, m, s, r)
}

/// Up to 6 rows of four vectors: for 32 vector registers.
func outerFour(_ m: Int, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer) {
  switch m {
  case 1, 2: outer2x4(m, source, result)
  case 3, 4: outer4x4(m, source, result)
  default: outer6x4(m, source, result)
  }
}

/// Up to 12 rows of two vectors, or up to 6 where there are 16 vector registers.
func outerTwo(_ m: Int, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer) {
  switch m {
  case 1...3: outer3x2(m, source, result)
  #if AVX512 || arch(arm64)
    case 7...: outer12x2(m, source, result)
  #endif
  default: outer6x2(m, source, result)
  }
}

/// Up to 12 rows of one vector.
func outerOne(_ m: Int, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer) {
  switch m {
  case 1...3: outer3x1(m, source, result)
  default: outer12x1(m, source, result)
  }
}

// MARK: Channels by themselves

// The tiles behind depthwise convolutions and groups narrower than a vector. Lanes are channels of the result, and each
// has a source of its own: nothing is broadcast, every product takes a vector of the source from memory. So heights are
// exact, because what lies beyond the last row may not be readable.
//
//        b  tap │ n n n n
//     a ────────┼─────────
//      m n n n n│ tile += a[m, n] * b[n]

/// M neighbouring pixels: result[m, n] = Σ_tap a[aOffsets[tap] + m * step + n] * b[bOffsets[tap] + n].
@inline(__always)
private func multiplyChannels<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, _ source: UnsafeRawPointer, _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: ChannelSource.self).pointee
  let result = result.assumingMemoryBound(to: TileResult.self)
  var tile = begin(zeros, folded: false, M, result)
  for tap in 0..<source.taps {
    let a = source.a + source.aOffsets[tap]
    let row = loadRow(
      source.b + source.bOffsets[tap], InlineArray<N, V>(repeating: V.zero), folded: false)
    for m in 0..<M {
      for n in 0..<N {
        tile[unchecked: m][unchecked: n] = multiplyAdd(
          load(a + (m &* source.step &+ n &* lanes)), row[unchecked: n], tile[unchecked: m][unchecked: n])
      }
    }
  }
  finish(tile, folded: false, M, result)
}

/// M taps over the points of a box: result[m, n] = Σ_point a[aOffsets[m] + point · aSteps + n] * b[point · bSteps + n].
@inline(__always)
private func addChannelProducts<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, _ source: UnsafeRawPointer, _ offsets: UnsafePointer<Int>,
  _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: OuterSource.self).pointee
  let result = result.assumingMemoryBound(to: TileResult.self)
  var tile = begin(zeros, folded: false, M, result)
  var steps = InlineArray<M, Int>(repeating: 0)
  for m in 0..<M { steps[unchecked: m] = offsets[m] }
  for outer in 0..<source.count.0 {
    for middle in 0..<source.count.1 {
      var a = source.a + (outer &* source.aSteps.0 &+ middle &* source.aSteps.1)
      var b = source.b + (outer &* source.bSteps.0 &+ middle &* source.bSteps.1)
      for _ in 0..<source.count.2 {
        let row = loadRow(b, InlineArray<N, V>(repeating: V.zero), folded: false)
        for m in 0..<M {
          for n in 0..<N {
            tile[unchecked: m][unchecked: n] = multiplyAdd(
              load(a + (steps[unchecked: m] &+ n &* lanes)), row[unchecked: n],
              tile[unchecked: m][unchecked: n])
          }
        }
        a += source.aSteps.2
        b += source.bSteps.2
      }
    }
  }
  finish(tile, folded: false, M, result)
}

#if AVX512 || arch(arm64)
  @inline(never) private func channels6x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplyChannels(zeros() as InlineArray<6, InlineArray<4, V>>, s, r)
  }
  @inline(never) private func channels4x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplyChannels(zeros() as InlineArray<4, InlineArray<4, V>>, s, r)
  }
  @inline(never) private func channels2x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplyChannels(zeros() as InlineArray<2, InlineArray<4, V>>, s, r)
  }
  @inline(never) private func channels1x4(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
    multiplyChannels(zeros() as InlineArray<1, InlineArray<4, V>>, s, r)
  }
  @inline(never) private func channelOuter6x4(
    _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
  ) {
    addChannelProducts(zeros() as InlineArray<6, InlineArray<4, V>>, s, o, r)
  }
  @inline(never) private func channelOuter3x4(
    _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
  ) {
    addChannelProducts(zeros() as InlineArray<3, InlineArray<4, V>>, s, o, r)
  }
  @inline(never) private func channelOuter1x4(
    _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
  ) {
    addChannelProducts(zeros() as InlineArray<1, InlineArray<4, V>>, s, o, r)
  }
#endif
@inline(never) private func channels6x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<6, InlineArray<2, V>>, s, r)
}
@inline(never) private func channels4x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<4, InlineArray<2, V>>, s, r)
}
@inline(never) private func channels2x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<2, InlineArray<2, V>>, s, r)
}
@inline(never) private func channels1x2(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<1, InlineArray<2, V>>, s, r)
}
@inline(never) private func channelOuter6x2(
  _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) {
  addChannelProducts(zeros() as InlineArray<6, InlineArray<2, V>>, s, o, r)
}
@inline(never) private func channelOuter3x2(
  _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) {
  addChannelProducts(zeros() as InlineArray<3, InlineArray<2, V>>, s, o, r)
}
@inline(never) private func channelOuter1x2(
  _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) {
  addChannelProducts(zeros() as InlineArray<1, InlineArray<2, V>>, s, o, r)
}
@inline(never) private func channels6x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<6, InlineArray<1, V>>, s, r)
}
@inline(never) private func channels4x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<4, InlineArray<1, V>>, s, r)
}
@inline(never) private func channels2x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<2, InlineArray<1, V>>, s, r)
}
@inline(never) private func channels1x1(_ s: UnsafeRawPointer, _ r: UnsafeRawPointer) {
  multiplyChannels(zeros() as InlineArray<1, InlineArray<1, V>>, s, r)
}
@inline(never) private func channelOuter6x1(
  _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) {
  addChannelProducts(zeros() as InlineArray<6, InlineArray<1, V>>, s, o, r)
}
@inline(never) private func channelOuter3x1(
  _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) {
  addChannelProducts(zeros() as InlineArray<3, InlineArray<1, V>>, s, o, r)
}
@inline(never) private func channelOuter1x1(
  _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) {
  addChannelProducts(zeros() as InlineArray<1, InlineArray<1, V>>, s, o, r)
}

/// The largest height that exists and is at most m pixels, and its rows; `vectors` wide.
func multiplyChannels(_ vectors: Int, _ m: Int, _ s: UnsafeRawPointer, _ r: UnsafeRawPointer) -> Int {
  let height = m >= 6 ? 6 : m >= 4 ? 4 : m >= 2 ? 2 : 1
  switch (vectors, height) {
  #if AVX512 || arch(arm64)
    case (4, 6): channels6x4(s, r)
    case (4, 4): channels4x4(s, r)
    case (4, 2): channels2x4(s, r)
    case (4, _): channels1x4(s, r)
  #endif
  case (2, 6): channels6x2(s, r)
  case (2, 4): channels4x2(s, r)
  case (2, 2): channels2x2(s, r)
  case (2, _): channels1x2(s, r)
  case (_, 6): channels6x1(s, r)
  case (_, 4): channels4x1(s, r)
  case (_, 2): channels2x1(s, r)
  default: channels1x1(s, r)
  }
  return height
}

/// The largest number of taps that exists and is at most m, and their sums; `vectors` wide.
func addChannelProducts(
  _ vectors: Int, _ m: Int, _ s: UnsafeRawPointer, _ o: UnsafePointer<Int>, _ r: UnsafeRawPointer
) -> Int {
  let height = m >= 6 ? 6 : m >= 3 ? 3 : 1
  switch (vectors, height) {
  #if AVX512 || arch(arm64)
    case (4, 6): channelOuter6x4(s, o, r)
    case (4, 3): channelOuter3x4(s, o, r)
    case (4, _): channelOuter1x4(s, o, r)
  #endif
  case (2, 6): channelOuter6x2(s, o, r)
  case (2, 3): channelOuter3x2(s, o, r)
  case (2, _): channelOuter1x2(s, o, r)
  case (_, 6): channelOuter6x1(s, o, r)
  case (_, 3): channelOuter3x1(s, o, r)
  default: channelOuter1x1(s, o, r)
  }
  return height
}
