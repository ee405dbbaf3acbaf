import MartletKernelTable

// Rows that are combinations of whole rows of a matrix: products that wait for memory, because few rows share what is
// read, or few terms make what is written. Everything is read and written from left to right, on and on, so that the
// processor fetches ahead:
//
//     b  k │ n n n n ──▶      up to some sixteen rows side by side
//     c  m │ n n n n ──▶      each the sum of these times numbers of its own

/// For m < rows and n < columns
///
///     c[m * stride + n] = Σ_k  a[k * aStep + m] * b[k * stride + n]        (+ what is there, where it accumulates)
///
/// More rows than one tile has take turns, in stretches of columns whose part of b stays in the first cache.
func combineRows(_ rows: Int, _ columns: Int, _ source: UnsafeRawPointer) {
  let source = source.assumingMemoryBound(to: RowCombinations.self)
  let stretch = rows > 6 ? 256 : columns
  var n = 0
  while n < columns {
    let end = columns &- n < stretch ? columns : n &+ stretch
    var m = 0
    while m < rows {
      switch rows &- m {
      case 1: combine1(source, m, n, end)
      case 2: combine2(source, m, n, end)
      case 3: combine3(source, m, n, end)
      case 4, 5, 7, 8: combine4(source, m, n, end)
      default: combine6(source, m, n, end)
      }
      m &+= combinedHeight(rows &- m)
    }
    n = end
  }
}

/// Rows of the tile that is taken where so many are left: 5 are 4 and 1, 7 are 4 and 3, 8 are 4 and 4.
@inline(__always) private func combinedHeight(_ left: Int) -> Int {
  left < 4 ? left : left == 6 || left > 8 ? 6 : 4
}

@inline(never) private func combine1(_ s: UnsafePointer<RowCombinations>, _ m: Int, _ n: Int, _ end: Int) {
  combine(InlineArray<1, Int>(repeating: 0), s, m, n, end)
}
@inline(never) private func combine2(_ s: UnsafePointer<RowCombinations>, _ m: Int, _ n: Int, _ end: Int) {
  combine(InlineArray<2, Int>(repeating: 0), s, m, n, end)
}
@inline(never) private func combine3(_ s: UnsafePointer<RowCombinations>, _ m: Int, _ n: Int, _ end: Int) {
  combine(InlineArray<3, Int>(repeating: 0), s, m, n, end)
}
@inline(never) private func combine4(_ s: UnsafePointer<RowCombinations>, _ m: Int, _ n: Int, _ end: Int) {
  combine(InlineArray<4, Int>(repeating: 0), s, m, n, end)
}
@inline(never) private func combine6(_ s: UnsafePointer<RowCombinations>, _ m: Int, _ n: Int, _ end: Int) {
  combine(InlineArray<6, Int>(repeating: 0), s, m, n, end)
}

/// M rows from row m on, in the columns n ..< end.
@inline(__always)
private func combine<let M: Int>(
  _ rows: InlineArray<M, Int>, _ source: UnsafePointer<RowCombinations>, _ m: Int, _ n: Int, _ end: Int
) {
  let source = source.pointee
  let a = source.a + m
  let c = source.c + m &* source.stride
  var n = n
  #if AVX512 || arch(arm64)
    while n &+ 4 &* lanes <= end {
      let zeros = InlineArray<M, InlineArray<4, V>>(repeating: .init(repeating: V.zero))
      combineTile(zeros, source, a, source.b + n, c + n, lanes)
      n &+= 4 &* lanes
    }
  #else
    while n &+ 2 &* lanes <= end {
      let zeros = InlineArray<M, InlineArray<2, V>>(repeating: .init(repeating: V.zero))
      combineTile(zeros, source, a, source.b + n, c + n, lanes)
      n &+= 2 &* lanes
    }
  #endif
  while n < end {
    let zeros = InlineArray<M, InlineArray<1, V>>(repeating: .init(repeating: V.zero))
    combineTile(zeros, source, a, source.b + n, c + n, end &- n)
    n &+= lanes
  }
}

/// M rows of N vectors; only `count` lanes are stored of a last vector.
@inline(__always)
private func combineTile<let M: Int, let N: Int>(
  _ zeros: InlineArray<M, InlineArray<N, V>>, _ source: RowCombinations, _ a: Floats, _ b: Floats,
  _ c: MutableFloats, _ count: Int
) {
  var sums = zeros
  if source.accumulates {
    for m in 0..<M {
      for n in 0..<N { sums[unchecked: m][unchecked: n] = load(c + (m &* source.stride &+ n &* lanes)) }
    }
  }
  var a = a
  var b = b
  for _ in 0..<source.depth {
    var row = InlineArray<N, V>(repeating: V.zero)
    for n in 0..<N { row[unchecked: n] = load(b + n &* lanes) }
    for m in 0..<M {
      let factor = V(repeating: a[m])
      for n in 0..<N {
        sums[unchecked: m][unchecked: n] = multiplyAdd(
          factor, row[unchecked: n], sums[unchecked: m][unchecked: n])
      }
    }
    a += source.aStep
    b += source.stride
  }
  for m in 0..<M {
    let c = c + m &* source.stride
    if N == 1 && count < lanes {
      store(sums[unchecked: m][unchecked: 0], c, count: count)
    } else {
      for n in 0..<N { store(sums[unchecked: m][unchecked: n], c + n &* lanes) }
    }
  }
}
