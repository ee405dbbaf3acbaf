import MartletKernelTable

// The tile behind matrix products and convolutions. The rows of A are found through pointers, so one kernel serves
// both: a matrix has one tap, a convolution one pointer for each tap and pixel (padding points to zeros). The idea is
// that of Dukhan (2019), *The Indirect Convolution Algorithm*.
//
//            b  k │ n n n n           one row of b is N vectors, loaded once for M rows
//     rows[m] ─k──┼────────
//              m  │ tile                each element of a is broadcast and multiplied with all of them

@inline(__always)
func multiplyRows<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ source: UnsafeRawPointer,
  _ result: UnsafeRawPointer
) {
  let source = source.assumingMemoryBound(to: RowSource.self).pointee
  let result = result.assumingMemoryBound(to: TileResult.self).pointee
  var tile = begin(zeros, folded: folded, count, result)
  var b = source.b
  var rows = source.rows
  for _ in 0..<source.taps {
    var pointers = InlineArray<M, Floats>(repeating: rows[0])
    var lower = pointers
    for m in 0..<M { pointers[unchecked: m] = rows[m] }
    if folded { for m in 0..<M { lower[unchecked: m] = rows[M &+ m] } }
    var k = 0
    // Four steps at a time pay where there are few pointers.
    if !folded {
      while k &+ 4 <= source.depth {
        for step in 0..<4 {
          multiplyStep(&tile, folded: false, pointers, lower, k &+ step, b)
          b += source.bStride
        }
        k &+= 4
      }
    }
    while k < source.depth {
      multiplyStep(&tile, folded: folded, pointers, lower, k, b)
      b += source.bStride
      k &+= 1
    }
    rows += MatrixKernels.blockRows
  }
  finish(tile, folded: folded, count, result)
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
