import MartletKernelTable

// What every tile begins and ends with.
//
// A tile is an InlineArray of M rows of N vectors. With constant M and N, full inlining and unchecked subscripts the
// vectors live in registers, up to 24 of them, as long as the optimiser unrolls every loop over them: it does for six
// rows and not for twelve. A *folded* tile of twelve rows is therefore stored as six whose right half is the rows
// 6 ..< 12:
//
//     rows 0 ..< 6 │ vectors 0 ..< N / 2          rows 6 ..< 12 │ vectors N / 2 ..< N

@inline(__always)
func zeros<let M: Int, let N: Int>() -> InlineArray<M, InlineArray<N, V>> {
  InlineArray(repeating: InlineArray(repeating: V.zero))
}

/// N vectors side by side; half as many for a folded tile.
@inline(__always)
func loadRow<let N: Int>(_ p: Floats, _ row: InlineArray<N, V>, folded: Bool) -> InlineArray<N, V> {
  var row = row
  for n in 0..<(folded ? N / 2 : N) { row[unchecked: n] = load(p + n &* lanes) }
  return row
}

/// The results so far: zeros, or what stands in c.
@inline(__always)
func begin<let M: Int, let N: Int>(
  _ tile: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ result: TileResult
) -> InlineArray<M, InlineArray<N, V>> {
  var tile = tile
  let width = folded ? N / 2 : N
  if result.accumulates {
    for m in 0..<M where m < count {
      let c = result.c + result.offsets[m]
      for n in 0..<width { tile[unchecked: m][unchecked: n] = load(c + n &* lanes) }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let c = result.c + result.offsets[M &+ m]
        for n in 0..<width { tile[unchecked: m][unchecked: width &+ n] = load(c + n &* lanes) }
      }
    }
  }
  return tile
}

/// Adds bias and residual, applies the activation and stores the rows 0 ..< count.
@inline(__always)
func finish<let M: Int, let N: Int>(
  _ tile: InlineArray<M, InlineArray<N, V>>, folded: Bool, _ count: Int, _ result: TileResult
) {
  var tile = tile
  let width = folded ? N / 2 : N
  if let bias = result.bias {
    for n in 0..<width {
      let v = load(bias + n &* lanes)
      for m in 0..<M { tile[unchecked: m][unchecked: n] += v }
      if folded { for m in 0..<M { tile[unchecked: m][unchecked: width &+ n] += v } }
    }
  }
  if let residual = result.residual {
    for m in 0..<M where m < count {
      let row = residual + result.offsets[m]
      for n in 0..<width { tile[unchecked: m][unchecked: n] += load(row + n &* lanes) }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let row = residual + result.offsets[M &+ m]
        for n in 0..<width { tile[unchecked: m][unchecked: width &+ n] += load(row + n &* lanes) }
      }
    }
  }
  if result.activation == 1 {
    for m in 0..<M {
      for n in 0..<N { tile[unchecked: m][unchecked: n] = larger(tile[unchecked: m][unchecked: n], V.zero) }
    }
  }
  if width == 1 && result.columns < lanes {
    for m in 0..<M where m < count {
      storePart(tile[unchecked: m][unchecked: 0], result.c + result.offsets[m], result.columns)
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        storePart(tile[unchecked: m][unchecked: width], result.c + result.offsets[M &+ m], result.columns)
      }
    }
  } else {
    for m in 0..<M where m < count {
      let c = result.c + result.offsets[m]
      for n in 0..<width { store(tile[unchecked: m][unchecked: n], c + n &* lanes) }
    }
    if folded {
      for m in 0..<M where M &+ m < count {
        let c = result.c + result.offsets[M &+ m]
        for n in 0..<width { store(tile[unchecked: m][unchecked: width &+ n], c + n &* lanes) }
      }
    }
  }
  if result.activation > 1 { activate(count, result) }
}

/// The first `count` lanes, fewer than all of them. Constant lane numbers keep the vector out of memory.
@inline(__always)
private func storePart(_ v: V, _ p: MutableFloats, _ count: Int) {
  for lane in 0..<(lanes &- 1) where lane < count { p[lane] = v[lane] }
}

/// Sigmoid and tanh need more registers than a tile leaves, so they follow while the rows are in the nearest cache.
@inline(never)
func activate(_ count: Int, _ result: TileResult) {
  for m in 0..<count {
    let c = result.c + result.offsets[m]
    var n = 0
    while n < result.columns {
      let present = result.columns &- n
      let x = present < lanes ? load(c + n, count: present) : load(c + n)
      let y = result.activation == 2 ? vsigmoid(x) : vtanh(x)
      if present < lanes { store(y, c + n, count: present) } else { store(y, c + n) }
      n &+= lanes
    }
  }
}
