import MartletKernelTable

/// The first `count` lanes, fewer than all of them. Constant lane numbers keep the vector out of memory.
@inline(__always)
func storePart(_ v: V, _ p: MutableFloats, _ count: Int) {
  for lane in 0..<(lanes &- 1) where lane < count { p[lane] = v[lane] }
}

/// Sigmoid and tanh need more registers than a tile leaves, so they follow while the rows are in the nearest cache.
@inline(never)
func activate(_ count: Int, _ result: UnsafePointer<TileResult>) {
  let result = result.pointee
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
