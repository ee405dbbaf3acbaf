// Rows as sums of a few weighted rows: up-sampling along an axis, and its transpose.

/// y[j, c] = sum over the taps k of j, starts[j] ..< starts[j + 1], of weights[k] x[places[k], c]. Up to `lanes - 1`
/// elements behind y may be overwritten while more of y is to come, none behind its end.
func resampleRows(
  _ x: Floats, _ starts: Ints, _ places: Ints, _ weights: Floats, _ y: MutableFloats, _ count: Int,
  _ channels: Int
) {
  var y = y
  for j in 0..<count {
    let first = Int(starts[j])
    let end = Int(starts[j + 1])
    var c = 0
    while c + 4 * lanes <= channels {
      weighted4(x + c, first, end, places, weights, y + c, channels)
      c += 4 * lanes
    }
    while c < channels {
      if channels - c < lanes && channels >= lanes { c = channels - lanes }
      var sum = V.zero
      for k in first..<end {
        sum = multiplyAdd(load(x + (Int(places[k]) * channels + c)), splat(weights[k]), sum)
      }
      // Rows shorter than a vector are written whole, one over the end of the other.
      let rest = (count - j) * channels - c
      if rest >= lanes { store(sum, y + c) } else { store(sum, y + c, count: rest) }
      c += lanes
    }
    y += channels
  }
}

/// Four vectors of a row.
@inline(always) private func weighted4(
  _ x: Floats, _ first: Int, _ end: Int, _ places: Ints, _ weights: Floats, _ y: MutableFloats, _ stride: Int
) {
  var a = V.zero
  var b = a
  var c = a
  var d = a
  for k in first..<end {
    let p = x + Int(places[k]) * stride
    let weight = splat(weights[k])
    a = multiplyAdd(load(p), weight, a)
    b = multiplyAdd(load(p + lanes), weight, b)
    c = multiplyAdd(load(p + 2 * lanes), weight, c)
    d = multiplyAdd(load(p + 3 * lanes), weight, d)
  }
  store(a, y)
  store(b, y + lanes)
  store(c, y + 2 * lanes)
  store(d, y + 3 * lanes)
}
