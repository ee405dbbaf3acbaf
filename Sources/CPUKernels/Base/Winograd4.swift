import MartletKernelTable

// F(4 x 4, 3 x 3): the points 0, ±p, ±q and infinity with p = √½ and q = √2. The usual points 0, ±1, ±2 make three
// times the error. Because p q = 1, three rows out of four need no more than two constants:
//
//          │ 1   0  -5/2   0   1   0 │       │   1              │
//          │ 0  -q   -2    p   1   0 │       │ -2/3 -2p/3 -1/3  │        │ 1   1   1   1   1   0 │
//     Bᵀ = │ 0   q   -2   -p   1   0 │   G = │ -2/3  2p/3 -1/3  │   Aᵀ = │ 0   p  -p   q  -q   0 │
//          │ 0  -p   -½    q   1   0 │       │  1/6   q/6  1/3  │        │ 0   ½   ½   2   2   0 │
//          │ 0   p   -½   -q   1   0 │       │  1/6  -q/6  1/3  │        │ 0  p/2 -p/2 2q -2q  1 │
//          │ 0   1   0   -5/2  0   1 │       │              1   │
//
// Two rows that belong to points of opposite sign are the sum and the difference of an even and an odd part. So the
// transforms run pair by pair, which reads some numbers twice, but leaves everything between in registers.

private typealias Six = InlineArray<6, V>
/// Written out: `init(repeating:)` would leave a weak copy of itself.
@inline(always) private var zeros: Six { [V.zero, V.zero, V.zero, V.zero, V.zero, V.zero] }
/// p and q.
@inline(always) var winogradNear: V { V(repeating: 0.707_106_78) }
@inline(always) var winogradFar: V { V(repeating: 1.414_213_6) }

/// The first row of Bᵀ d, or the last one of the numbers that follow.
@inline(always)
private func spreadEnd(_ a: V, _ c: V, _ e: V) -> V { multiplyAdd(V(repeating: -2.5), c, a + e) }

/// The even parts of the points ±p and ±q in Bᵀ d.
@inline(always) private func nearEven(_ c: V, _ e: V) -> V { multiplyAdd(V(repeating: -2), c, e) }
@inline(always) private func farEven(_ c: V, _ e: V) -> V { multiplyAdd(V(repeating: -0.5), c, e) }

/// The odd parts.
@inline(always) private func nearOdd(_ b: V, _ d: V) -> V {
  multiplyAdd(winogradNear, d, V.zero - winogradFar * b)
}
@inline(always) private func farOdd(_ b: V, _ d: V) -> V {
  multiplyAdd(winogradFar, d, V.zero - winogradNear * b)
}

/// Bᵀ d of one row, and six points side by side.
@inline(always)
private func storeSpread(_ d: Six, _ to: MutableFloats, _ step: Int) {
  let nearEvenPart = nearEven(d[unchecked: 2], d[unchecked: 4])
  let nearOddPart = nearOdd(d[unchecked: 1], d[unchecked: 3])
  let farEvenPart = farEven(d[unchecked: 2], d[unchecked: 4])
  let farOddPart = farOdd(d[unchecked: 1], d[unchecked: 3])
  store(spreadEnd(d[unchecked: 0], d[unchecked: 2], d[unchecked: 4]), to)
  store(nearEvenPart + nearOddPart, to + step)
  store(nearEvenPart - nearOddPart, to + 2 &* step)
  store(farEvenPart + farOddPart, to + 3 &* step)
  store(farEvenPart - farOddPart, to + 4 &* step)
  store(spreadEnd(d[unchecked: 1], d[unchecked: 3], d[unchecked: 5]), to + 5 &* step)
}

/// Bᵀ d B for all channels of a window.
func winogradInput4(
  _ from: Floats, _ rowStep: Int, _ columnStep: Int, _ channels: Int, _ to: MutableFloats, _ step: Int
) {
  let rowOfPoints = 6 &* step
  var channel = 0
  while channel < channels {
    let window = from + channel
    let points = to + channel
    var upper = zeros
    var lower = upper
    for j in 0..<6 {
      let d = window + j &* columnStep
      upper[unchecked: j] = spreadEnd(load(d), load(d + 2 &* rowStep), load(d + 4 &* rowStep))
    }
    storeSpread(upper, points, step)
    for j in 0..<6 {
      let d = window + (j &* columnStep &+ rowStep)
      let even = nearEven(load(d + rowStep), load(d + 3 &* rowStep))
      let odd = nearOdd(load(d), load(d + 2 &* rowStep))
      upper[unchecked: j] = even + odd
      lower[unchecked: j] = even - odd
    }
    storeSpread(upper, points + rowOfPoints, step)
    storeSpread(lower, points + 2 &* rowOfPoints, step)
    for j in 0..<6 {
      let d = window + (j &* columnStep &+ rowStep)
      let even = farEven(load(d + rowStep), load(d + 3 &* rowStep))
      let odd = farOdd(load(d), load(d + 2 &* rowStep))
      upper[unchecked: j] = even + odd
      lower[unchecked: j] = even - odd
    }
    storeSpread(upper, points + 3 &* rowOfPoints, step)
    storeSpread(lower, points + 4 &* rowOfPoints, step)
    for j in 0..<6 {
      let d = window + (j &* columnStep &+ rowStep)
      upper[unchecked: j] = spreadEnd(load(d), load(d + 2 &* rowStep), load(d + 4 &* rowStep))
    }
    storeSpread(upper, points + 5 &* rowOfPoints, step)
    channel &+= lanes
  }
}

/// G g.
@inline(always)
private func evaluate(_ a: V, _ b: V, _ c: V) -> Six {
  let third = V(repeating: 1.0 / 3)
  let nearEven = (a + a + c) * V(repeating: -1.0 / 3)
  let nearOdd = b * V(repeating: -0.471_404_52)
  let farEven = multiplyAdd(third, c, a * V(repeating: 1.0 / 6))
  let farOdd = b * V(repeating: 0.235_702_26)
  return [a, nearEven + nearOdd, nearEven - nearOdd, farEven + farOdd, farEven - farOdd, c]
}

/// G g Gᵀ for `count` kernels side by side.
func winogradKernel4(_ from: Floats, _ tapStep: Int, _ count: Int, _ to: MutableFloats, _ step: Int) {
  var place = 0
  while place < count {
    let g = from + place
    let left = evaluate(load(g), load(g + 3 &* tapStep), load(g + 6 &* tapStep))
    let middle = evaluate(load(g + tapStep), load(g + 4 &* tapStep), load(g + 7 &* tapStep))
    let right = evaluate(load(g + 2 &* tapStep), load(g + 5 &* tapStep), load(g + 8 &* tapStep))
    for i in 0..<6 {
      let points = evaluate(left[unchecked: i], middle[unchecked: i], right[unchecked: i])
      let row = to + (6 &* i &* step &+ place)
      for j in 0..<6 { store(points[unchecked: j], row + j &* step) }
    }
    place &+= lanes
  }
}

/// Aᵀ m A for all channels of a tile: rows 0 and 2, the even ones, then 1 and 3.
func winogradOutput4(
  _ from: Floats, _ step: Int, _ rows: Int, _ columns: Int, _ result: UnsafeRawPointer
) {
  let whole = result.assumingMemoryBound(to: TileResult.self)
  let result = whole.pointee
  let offsets = result.offsets
  let rowOfPoints = 6 &* step
  var channel = 0
  while channel < result.columns {
    // Adding -0 changes nothing, not even a zero's sign.
    var bias = V(repeating: -0.0)
    if let from = result.bias { bias = load(from + channel) }
    let points = from + channel
    var upper = zeros
    var lower = upper
    for j in 0..<6 {
      let m = points + j &* step
      let nearSum = load(m + rowOfPoints) + load(m + 2 &* rowOfPoints)
      let farSum = load(m + 3 &* rowOfPoints) + load(m + 4 &* rowOfPoints)
      upper[unchecked: j] = load(m) + (nearSum + farSum)
      lower[unchecked: j] = multiplyAdd(V(repeating: 2), farSum, nearSum * V(repeating: 0.5))
    }
    finishRow(upper, bias, columns, result, offsets, channel)
    if rows > 2 { finishRow(lower, bias, columns, result, offsets + 2 &* columns, channel) }
    if rows > 1 {
      for j in 0..<6 {
        let m = points + (j &* step &+ rowOfPoints)
        let nearPart = winogradNear * (load(m) - load(m + rowOfPoints))
        let farPart = winogradFar * (load(m + 2 &* rowOfPoints) - load(m + 3 &* rowOfPoints))
        upper[unchecked: j] = nearPart + farPart
        lower[unchecked: j] =
          multiplyAdd(
            V(repeating: 2), farPart, multiplyAdd(V(repeating: 0.5), nearPart, load(m + 4 &* rowOfPoints)))
      }
      finishRow(upper, bias, columns, result, offsets + columns, channel)
      if rows > 3 { finishRow(lower, bias, columns, result, offsets + 3 &* columns, channel) }
    }
    channel &+= lanes
  }
  if result.activation > 1 { activate(rows &* columns, whole) }
}

@inline(always)
private func finishRow(
  _ m: Six, _ bias: V, _ columns: Int, _ result: TileResult, _ offsets: UnsafePointer<Int>, _ channel: Int
) {
  let nearSum = m[unchecked: 1] + m[unchecked: 2]
  let farSum = m[unchecked: 3] + m[unchecked: 4]
  finishPixel(m[unchecked: 0] + (nearSum + farSum), bias, result, offsets[0], channel)
  guard columns > 1 else { return }
  let nearPart = winogradNear * (m[unchecked: 1] - m[unchecked: 2])
  let farPart = winogradFar * (m[unchecked: 3] - m[unchecked: 4])
  finishPixel(nearPart + farPart, bias, result, offsets[1], channel)
  guard columns > 2 else { return }
  let third = multiplyAdd(V(repeating: 2), farSum, nearSum * V(repeating: 0.5))
  finishPixel(third, bias, result, offsets[2], channel)
  guard columns > 3 else { return }
  let fourth = multiplyAdd(
    V(repeating: 2), farPart, multiplyAdd(V(repeating: 0.5), nearPart, m[unchecked: 5]))
  finishPixel(fourth, bias, result, offsets[3], channel)
}
