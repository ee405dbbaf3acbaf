// F(3 x 3, 4 x 4), the gradient of a kernel: the same points as those of F(4 x 4, 3 x 3), so x goes through the same Bᵀ.
// With p = √½ and q = √2:
//
//         │   1                  │
//         │ -2/3 -2p/3 -1/3 -p/3 │        │ 1   1   1   1   1   0 │
//     G = │ -2/3  2p/3 -1/3  p/3 │   Aᵀ = │ 0   p  -p   q  -q   0 │
//         │  1/6   q/6  1/3  q/3 │        │ 0   ½   ½   2   2   1 │
//         │  1/6  -q/6  1/3 -q/3 │
//         │                   1  │

private typealias Six = InlineArray<6, V>
/// Written out: `init(repeating:)` would leave a weak copy of itself.
@inline(always) private var zeros: Six { [V.zero, V.zero, V.zero, V.zero, V.zero, V.zero] }

/// G g.
@inline(always)
private func evaluate(_ a: V, _ b: V, _ c: V, _ d: V) -> Six {
  let half = V(repeating: 0.5)
  let two = V(repeating: 2)
  let nearEven = multiplyAdd(half, c, a) * V(repeating: -2.0 / 3)
  let nearOdd = multiplyAdd(half, d, b) * V(repeating: -0.471_404_52)
  let farEven = multiplyAdd(two, c, a) * V(repeating: 1.0 / 6)
  let farOdd = multiplyAdd(two, d, b) * V(repeating: 0.235_702_26)
  return [a, nearEven + nearOdd, nearEven - nearOdd, farEven + farOdd, farEven - farOdd, d]
}

/// G g Gᵀ for all channels of a tile of dy.
func winogradGradientInput(
  _ from: Floats, _ rowStep: Int, _ columnStep: Int, _ channels: Int, _ to: MutableFloats, _ step: Int
) {
  var channel = 0
  while channel < channels {
    var columns = [zeros, zeros, zeros, zeros] as InlineArray<4, Six>
    for j in 0..<4 {
      let g = from + (j &* columnStep &+ channel)
      columns[unchecked: j] = evaluate(
        load(g), load(g + rowStep), load(g + 2 &* rowStep), load(g + 3 &* rowStep))
    }
    for i in 0..<6 {
      let points = evaluate(
        columns[unchecked: 0][unchecked: i], columns[unchecked: 1][unchecked: i],
        columns[unchecked: 2][unchecked: i],
        columns[unchecked: 3][unchecked: i])
      let row = to + (6 &* i &* step &+ channel)
      for j in 0..<6 { store(points[unchecked: j], row + j &* step) }
    }
    channel &+= lanes
  }
}

/// Aᵀ m.
@inline(always)
private func interpolate(_ m: Six) -> InlineArray<3, V> {
  let nearSum = m[unchecked: 1] + m[unchecked: 2]
  let farSum = m[unchecked: 3] + m[unchecked: 4]
  let nearPart = winogradNear * (m[unchecked: 1] - m[unchecked: 2])
  let third = multiplyAdd(V(repeating: 0.5), nearSum, m[unchecked: 5])
  return [
    m[unchecked: 0] + (nearSum + farSum),
    multiplyAdd(winogradFar, m[unchecked: 3] - m[unchecked: 4], nearPart),
    multiplyAdd(V(repeating: 2), farSum, third),
  ]
}

/// Aᵀ m A for `count` kernels side by side.
func winogradGradientOutput(_ from: Floats, _ step: Int, _ count: Int, _ to: MutableFloats, _ toStep: Int) {
  var place = 0
  while place < count {
    var rows = [zeros, zeros, zeros] as InlineArray<3, Six>
    for j in 0..<6 {
      let m = from + (j &* step &+ place)
      var points = zeros
      for i in 0..<6 { points[unchecked: i] = load(m + 6 &* i &* step) }
      let column = interpolate(points)
      for i in 0..<3 { rows[unchecked: i][unchecked: j] = column[unchecked: i] }
    }
    let present = count &- place
    for i in 0..<3 {
      let taps = interpolate(rows[unchecked: i])
      for j in 0..<3 {
        let tap = to + ((3 &* i &+ j) &* toStep &+ place)
        if present < lanes {
          storePart(taps[unchecked: j], tap, present)
        } else {
          store(taps[unchecked: j], tap)
        }
      }
    }
    place &+= lanes
  }
}
