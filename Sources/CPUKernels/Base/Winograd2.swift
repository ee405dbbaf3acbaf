import MartletKernelTable

// F(2 x 2, 3 x 3): the points 0, 1, -1 and infinity.
//
//          │ 1  0 -1  0 │       │ 1         │
//     Bᵀ = │ 0  1  1  0 │   G = │ ½   ½   ½ │   Aᵀ = │ 1  1  1  0 │
//          │ 0 -1  1  0 │       │ ½  -½   ½ │        │ 0  1 -1 -1 │
//          │ 0  1  0 -1 │       │         1 │

private typealias Four = InlineArray<4, V>
/// Written out: `init(repeating:)` would leave a weak copy of itself.
@inline(always) private var zeros: Four { [V.zero, V.zero, V.zero, V.zero] }

/// Bᵀ d.
@inline(always)
private func spread(_ a: V, _ b: V, _ c: V, _ d: V) -> Four { [a - c, b + c, c - b, b - d] }

/// G g.
@inline(always)
private func evaluate(_ a: V, _ b: V, _ c: V) -> Four {
  let half = V(repeating: 0.5)
  let even = (a + c) * half
  let odd = b * half
  return [a, even + odd, even - odd, c]
}

/// Four points side by side.
@inline(always)
private func storePoints(_ v: Four, _ to: MutableFloats, _ step: Int) {
  store(v[unchecked: 0], to)
  store(v[unchecked: 1], to + step)
  store(v[unchecked: 2], to + 2 &* step)
  store(v[unchecked: 3], to + 3 &* step)
}

/// Bᵀ d B for all channels of a window.
func winogradInput2(
  _ from: Floats, _ rowStep: Int, _ columnStep: Int, _ channels: Int, _ to: MutableFloats, _ step: Int
) {
  var channel = 0
  while channel < channels {
    var rows = [zeros, zeros, zeros, zeros] as InlineArray<4, Four>
    for j in 0..<4 {
      let d = from + (j &* columnStep &+ channel)
      let column = spread(load(d), load(d + rowStep), load(d + 2 &* rowStep), load(d + 3 &* rowStep))
      for i in 0..<4 { rows[unchecked: i][unchecked: j] = column[unchecked: i] }
    }
    for i in 0..<4 {
      let row = rows[unchecked: i]
      let points = spread(row[unchecked: 0], row[unchecked: 1], row[unchecked: 2], row[unchecked: 3])
      storePoints(points, to + (4 &* i &* step &+ channel), step)
    }
    channel &+= lanes
  }
}

/// G g Gᵀ for `count` kernels side by side.
func winogradKernel2(_ from: Floats, _ tapStep: Int, _ count: Int, _ to: MutableFloats, _ step: Int) {
  var place = 0
  while place < count {
    let g = from + place
    let left = evaluate(load(g), load(g + 3 &* tapStep), load(g + 6 &* tapStep))
    let middle = evaluate(load(g + tapStep), load(g + 4 &* tapStep), load(g + 7 &* tapStep))
    let right = evaluate(load(g + 2 &* tapStep), load(g + 5 &* tapStep), load(g + 8 &* tapStep))
    for i in 0..<4 {
      let points = evaluate(left[unchecked: i], middle[unchecked: i], right[unchecked: i])
      let row = to + (4 &* i &* step &+ place)
      storePoints(points, row, step)
    }
    place &+= lanes
  }
}

/// Aᵀ m A for all channels of a tile.
func winogradOutput2(
  _ from: Floats, _ step: Int, _ rows: Int, _ columns: Int, _ result: UnsafeRawPointer
) {
  let whole = result.assumingMemoryBound(to: TileResult.self)
  let result = whole.pointee
  var channel = 0
  while channel < result.columns {
    // Adding -0 changes nothing, not even a zero's sign.
    var bias = V(repeating: -0.0)
    if let from = result.bias { bias = load(from + channel) }
    var upper = zeros
    var lower = zeros
    for j in 0..<4 {
      let m = from + (j &* step &+ channel)
      let second = load(m + 4 &* step)
      let third = load(m + 8 &* step)
      upper[unchecked: j] = load(m) + second + third
      lower[unchecked: j] = second - third - load(m + 12 &* step)
    }
    finishRow(upper, bias, columns, result, result.offsets, channel)
    if rows > 1 { finishRow(lower, bias, columns, result, result.offsets + columns, channel) }
    channel &+= lanes
  }
  if result.activation > 1 { activate(rows &* columns, whole) }
}

@inline(always)
private func finishRow(
  _ m: Four, _ bias: V, _ columns: Int, _ result: TileResult, _ offsets: UnsafePointer<Int>, _ channel: Int
) {
  let left = m[unchecked: 0] + m[unchecked: 1] + m[unchecked: 2]
  finishPixel(left, bias, result, offsets[0], channel)
  if columns > 1 {
    let right = m[unchecked: 1] - m[unchecked: 2] - m[unchecked: 3]
    finishPixel(right, bias, result, offsets[1], channel)
  }
}
