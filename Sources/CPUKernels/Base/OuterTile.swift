import MartletKernelTable

// The tile behind kernel gradients and products with a transposed first factor: a sum of outer products over points.
// A point's M numbers of a and its N vectors of b both lie side by side in memory, so x and dy are read in place.
//
//           b │ n n n n
//     a ──────┼────────      one point
//        m    │ tile += a[m] * b[n]

@inline(__always)
func addOuterProducts<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ source: UnsafeRawPointer,
  _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: OuterSource.self).pointee
  let result = result.assumingMemoryBound(to: TileResult.self).pointee
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
