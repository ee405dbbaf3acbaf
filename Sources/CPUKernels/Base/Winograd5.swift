import MartletKernelTable

// F(2 x 2, 5 x 5): the points of F(4 x 4, 3 x 3), so that its windows are transformed by the same Bᵀ. Five taps are
// evaluated at them, and two results remain:
//
//         │   1                              │
//         │ -2/3 -2p/3 -1/3   -p/3   -1/6    │
//     G = │ -2/3  2p/3 -1/3    p/3   -1/6    │        Aᵀ = │ 1   1   1   1   1   0 │
//         │  1/6   q/6  1/3    q/3    2/3    │             │ 0   p  -p   q  -q   1 │
//         │  1/6  -q/6  1/3   -q/3    2/3    │
//         │                             1    │

private typealias Six = InlineArray<6, V>
/// Written out: `init(repeating:)` would leave a weak copy of itself.
@inline(always) private var zeros: Six { [V.zero, V.zero, V.zero, V.zero, V.zero, V.zero] }

/// G g.
@inline(always)
private func evaluate(_ a: V, _ b: V, _ c: V, _ d: V, _ e: V) -> Six {
  let nearEven =
    multiplyAdd(V(repeating: -1.0 / 3), c, a * V(repeating: -2.0 / 3)) - e * V(repeating: 1.0 / 6)
  let nearOdd = (b + b + d) * V(repeating: -0.235_702_26)
  let farEven = multiplyAdd(
    V(repeating: 2.0 / 3), e, multiplyAdd(V(repeating: 1.0 / 3), c, a * V(repeating: 1.0 / 6)))
  let farOdd = (b + d + d) * V(repeating: 0.235_702_26)
  return [a, nearEven + nearOdd, nearEven - nearOdd, farEven + farOdd, farEven - farOdd, e]
}

/// G g Gᵀ for `count` kernels side by side: G g goes where the points will be, column by column, and then each row of
/// points takes its place. The columns 0 to 4 hold it in between.
func winogradKernel5(_ from: Floats, _ tapStep: Int, _ count: Int, _ to: MutableFloats, _ step: Int) {
  let rowOfPoints = 6 &* step
  let rowOfTaps = 5 &* tapStep
  var place = 0
  while place < count {
    let points = to + place
    for j in 0..<5 {
      let g = from + (place &+ j &* tapStep)
      let column = evaluate(
        load(g), load(g + rowOfTaps), load(g + 2 &* rowOfTaps), load(g + 3 &* rowOfTaps),
        load(g + 4 &* rowOfTaps))
      for i in 0..<6 { store(column[unchecked: i], points + (i &* rowOfPoints &+ j &* step)) }
    }
    for i in 0..<6 {
      let row = points + i &* rowOfPoints
      let values = evaluate(
        load(row), load(row + step), load(row + 2 &* step), load(row + 3 &* step), load(row + 4 &* step))
      for j in 0..<6 { store(values[unchecked: j], row + j &* step) }
    }
    place &+= lanes
  }
}

/// Aᵀ m A for all channels of a tile.
func winogradOutput5(
  _ from: Floats, _ step: Int, _ rows: Int, _ columns: Int, _ result: UnsafeRawPointer
) {
  let whole = result.assumingMemoryBound(to: TileResult.self)
  let result = whole.pointee
  let rowOfPoints = 6 &* step
  var channel = 0
  while channel < result.columns {
    // Adding -0 changes nothing, not even a zero's sign.
    var bias = V(repeating: -0.0)
    if let from = result.bias { bias = load(from + channel) }
    var upper = zeros
    var lower = zeros
    for j in 0..<6 {
      let m = from + (j &* step &+ channel)
      let (near, nearOpposite) = (load(m + rowOfPoints), load(m + 2 &* rowOfPoints))
      let (far, farOpposite) = (load(m + 3 &* rowOfPoints), load(m + 4 &* rowOfPoints))
      upper[unchecked: j] = load(m) + ((near + nearOpposite) + (far + farOpposite))
      lower[unchecked: j] = odd(near - nearOpposite, far - farOpposite) + load(m + 5 &* rowOfPoints)
    }
    finishRow(upper, bias, columns, result, result.offsets, channel)
    if rows > 1 { finishRow(lower, bias, columns, result, result.offsets + columns, channel) }
    channel &+= lanes
  }
  if result.activation > 1 { activate(rows &* columns, whole) }
}

/// The sum over the points ±p and ±q, each times its point.
@inline(always)
private func odd(_ near: V, _ far: V) -> V { multiplyAdd(winogradFar, far, winogradNear * near) }

@inline(always)
private func finishRow(
  _ m: Six, _ bias: V, _ columns: Int, _ result: TileResult, _ offsets: UnsafePointer<Int>, _ channel: Int
) {
  let nearSum = m[unchecked: 1] + m[unchecked: 2]
  let farSum = m[unchecked: 3] + m[unchecked: 4]
  finishPixel(m[unchecked: 0] + (nearSum + farSum), bias, result, offsets[0], channel)
  if columns > 1 {
    let right = odd(m[unchecked: 1] - m[unchecked: 2], m[unchecked: 3] - m[unchecked: 4]) + m[unchecked: 5]
    finishPixel(right, bias, result, offsets[1], channel)
  }
}
