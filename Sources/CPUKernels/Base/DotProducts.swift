import MartletKernelTable

// Products of few rows by a matrix that is stored transposed. Both factors lie along k, so vectors do too, and nothing
// is copied into another order. A tile is M rows by four columns of results, each a vector of partial sums until the end:
//
//                 b[n] ─k─ │ ─k─ │ ─k─ │ ─k─     a column's vector serves M rows,
//     a[m] ─k─ ────────────┼─────┼─────┼─────     a row's vector four columns
//                          │ sum │ sum │ sum

/// Four columns at a time, each read once from memory, with as many rows as there are registers for:
///
///     c[m * cStride + n] = Σ_k  a[m * aStride + k] * b[n * bStride + k]
///
/// for m < rows and n < columns. The depth is one vector or more.
func dotProducts(_ rows: Int, _ columns: Int, _ source: UnsafeRawPointer) {
  let source = source.assumingMemoryBound(to: DotSource.self)
  var n = 0
  while n < columns {
    var m = 0
    while m < rows {
      let tile = DotTile(
        a: source.pointee.a + m &* source.pointee.aStride, b: source.pointee.b + n &* source.pointee.bStride,
        c: source.pointee.c + (m &* source.pointee.cStride &+ n), rows: rows &- m, columns: columns &- n)
      m &+= tile.run(source)
    }
    n &+= 4
  }
}

/// Where a tile begins, and how many rows and columns there are from there on.
private struct DotTile {
  var a: Floats
  var b: Floats
  var c: MutableFloats
  var rows: Int
  var columns: Int

  /// As many rows as registers allow; returns how many.
  @inline(__always)
  func run(_ source: UnsafePointer<DotSource>) -> Int {
    switch rows {
    case 1: dots1(self, source)
    case 2: dots2(self, source)
    case 3: dots3(self, source)
    #if AVX512 || arch(arm64)
      default:
        dots4(self, source)
        return 4
    #else
      default: dots3(self, source)
    #endif
    }
    return rows < 3 ? rows : 3
  }
}

@inline(never) private func dots1(_ tile: DotTile, _ source: UnsafePointer<DotSource>) {
  multiplyDots(InlineArray<1, InlineArray<4, V>>(repeating: .init(repeating: V.zero)), tile, source)
}
@inline(never) private func dots2(_ tile: DotTile, _ source: UnsafePointer<DotSource>) {
  multiplyDots(InlineArray<2, InlineArray<4, V>>(repeating: .init(repeating: V.zero)), tile, source)
}
@inline(never) private func dots3(_ tile: DotTile, _ source: UnsafePointer<DotSource>) {
  multiplyDots(InlineArray<3, InlineArray<4, V>>(repeating: .init(repeating: V.zero)), tile, source)
}
#if AVX512 || arch(arm64)
  @inline(never) private func dots4(_ tile: DotTile, _ source: UnsafePointer<DotSource>) {
    multiplyDots(InlineArray<4, InlineArray<4, V>>(repeating: .init(repeating: V.zero)), tile, source)
  }
#endif

/// The results of one tile. Every one is summed in the same order, whatever the tile and its place.
@inline(__always)
private func multiplyDots<let M: Int>(
  _ zeros: InlineArray<M, InlineArray<4, V>>, _ tile: DotTile, _ source: UnsafePointer<DotSource>
) {
  let depth = source.pointee.depth
  var sums = zeros
  var rows = InlineArray<M, Floats>(repeating: tile.a)
  for m in 1..<M { rows[unchecked: m] = tile.a + m &* source.pointee.aStride }
  // Columns beyond the last are the first once more.
  var columns = InlineArray<4, Floats>(repeating: tile.b)
  for n in 1..<4 where n < tile.columns { columns[unchecked: n] = tile.b + n &* source.pointee.bStride }
  var k = 0
  while k &+ lanes <= depth {
    addDots(&sums, rows, columns) { load($0 + k) }
    k &+= lanes
  }
  if k < depth {
    // The last vector of all, without what has been added already; of both, for infinity times zero is not zero.
    let done = lanes &- (depth &- k)
    addDots(&sums, rows, columns) { withoutFirst(load($0 + (depth &- lanes)), done) }
  }
  for m in 0..<M {
    withUnsafePointer(to: sums[unchecked: m]) {
      storeLaneSums($0, tile.c + m &* source.pointee.cStride, tile.columns)
    }
  }
}

/// Folds the vectors of up to four columns into their results, in the order of `laneSum`. A call for its reason, too.
@inline(never)
private func storeLaneSums(_ sums: UnsafePointer<InlineArray<4, V>>, _ c: MutableFloats, _ columns: Int) {
  let (p, q) = (quarter(sums.pointee[unchecked: 0]), quarter(sums.pointee[unchecked: 1]))
  let (r, s) = (quarter(sums.pointee[unchecked: 2]), quarter(sums.pointee[unchecked: 3]))
  let even = SIMD4(p.x, q.x, r.x, s.x) + SIMD4(p.z, q.z, r.z, s.z)
  let result = even + (SIMD4(p.y, q.y, r.y, s.y) + SIMD4(p.w, q.w, r.w, s.w))
  if columns >= 4 { return UnsafeMutableRawPointer(c).storeBytes(of: result, as: SIMD4<Float>.self) }
  for n in 0..<columns { c[n] = result[n] }
}

/// sums[m, n] += rows[m] * columns[n]
@inline(__always)
private func addDots<let M: Int, let N: Int>(
  _ sums: inout InlineArray<M, InlineArray<N, V>>, _ rows: InlineArray<M, Floats>,
  _ columns: InlineArray<N, Floats>, _ vector: (Floats) -> V
) {
  var b = InlineArray<N, V>(repeating: V.zero)
  for n in 0..<N { b[unchecked: n] = vector(columns[unchecked: n]) }
  for m in 0..<M {
    let a = vector(rows[unchecked: m])
    for n in 0..<N {
      sums[unchecked: m][unchecked: n] = multiplyAdd(a, b[unchecked: n], sums[unchecked: m][unchecked: n])
    }
  }
}
