// Batch normalisation over rows of channels. A channel's numbers stand in vectors as wide as a row; rows are dense.

/// sums[c] = sum over rows of x[r, c] - mean[c], squares[c] = sum over rows of (x[r, c] - mean[c])^2
func deviations(
  _ x: Floats, _ mean: Floats, _ sums: MutableFloats, _ squares: MutableFloats, _ rows: Int, _ columns: Int
) {
  var j = 0
  while j < columns {
    let width = columns - j < lanes ? columns - j : lanes
    let center = load(mean + j)
    var sum = V.zero
    var square = V.zero
    var p = x + j
    for _ in 0..<rows {
      let v = load(p) - center
      sum += v
      square = multiplyAdd(v, v, square)
      p += columns
    }
    store(sum, sums + j, count: width)
    store(square, squares + j, count: width)
    j += lanes
  }
}

/// The gradient behind a rectifier: dy where (x - mean) scale + shift is positive.
@inline(always) private func rectified(_ dy: V, _ centered: V, _ scale: V, _ shift: V) -> V {
  V.zero.replacing(with: dy, where: multiplyAdd(centered, scale, shift) .> V.zero)
}

/// sums[c] = sum over rows of dy[r, c], products[c] = sum over rows of dy[r, c] (x[r, c] - mean[c]); with a scale, dy
/// is 0 where the rectified (x - mean) scale + shift was.
func gradientSums(
  _ dy: Floats, _ x: Floats, _ mean: Floats, _ scale: Floats?, _ shift: Floats, _ sums: MutableFloats,
  _ products: MutableFloats, _ rows: Int, _ columns: Int
) {
  var j = 0
  while j < columns {
    let width = columns - j < lanes ? columns - j : lanes
    let center = load(mean + j)
    var sum = V.zero
    var product = V.zero
    var p = x + j
    var q = dy + j
    if let scale {
      let (factor, offset) = (load(scale + j), load(shift + j))
      for _ in 0..<rows {
        let centered = load(p) - center
        let gradient = rectified(load(q), centered, factor, offset)
        sum += gradient
        product = multiplyAdd(gradient, centered, product)
        p += columns
        q += columns
      }
    } else {
      for _ in 0..<rows {
        let gradient = load(q)
        sum += gradient
        product = multiplyAdd(gradient, load(p) - center, product)
        p += columns
        q += columns
      }
    }
    store(sum, sums + j, count: width)
    store(product, products + j, count: width)
    j += lanes
  }
}

/// y[r, c] = (x[r, c] - mean[c]) scale[c] + shift[c], with a residual added where there is one, and then rectified
/// where `rectifies` is not 0.
func normalizeRows(
  _ x: Floats, _ mean: Floats, _ scale: Floats, _ shift: Floats, _ residual: Floats?, _ rectifies: Int,
  _ y: MutableFloats, _ rows: Int, _ columns: Int
) {
  for r in 0..<rows {
    let x = x + r * columns
    let y = y + r * columns
    var j = 0
    while j < columns {
      // The last vector of a wide row is computed twice in part rather than stored in part.
      if columns - j < lanes && columns >= lanes { j = columns - lanes }
      var v = multiplyAdd(load(x + j) - load(mean + j), load(scale + j), load(shift + j))
      if let residual { v += load(residual + (r * columns + j)) }
      if rectifies != 0 { v = larger(v, V.zero) }
      if columns >= lanes { store(v, y + j) } else { store(v, y + j, count: columns) }
      j += lanes
    }
  }
}

/// dx[r, c] = a[c] dy[r, c] + b[c] (x[r, c] - mean[c]) + d[c], with dy as in `gradientSums`; dx may be dy.
func normalizeBackwardRows(
  _ dy: Floats, _ x: Floats, _ mean: Floats, _ scale: Floats?, _ shift: Floats, _ a: Floats, _ b: Floats,
  _ d: Floats, _ dx: MutableFloats, _ rows: Int, _ columns: Int
) {
  for r in 0..<rows {
    let x = x + r * columns
    let dy = dy + r * columns
    let dx = dx + r * columns
    var j = 0
    while j < columns {
      let centered = load(x + j) - load(mean + j)
      var gradient = load(dy + j)
      if let scale { gradient = rectified(gradient, centered, load(scale + j), load(shift + j)) }
      let v = multiplyAdd(gradient, load(a + j), multiplyAdd(centered, load(b + j), load(d + j)))
      if columns - j >= lanes { store(v, dx + j) } else { store(v, dx + j, count: columns - j) }
      j += lanes
    }
  }
}
