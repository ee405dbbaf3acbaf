// Softmax and its cross-entropy, row by row: the largest element is subtracted first, so that no exponential overflows.
// Rows no longer than a vector are taken many at a time; see SoftmaxSquares.swift.

@inline(always) private func rowMaximum(_ x: Floats, _ length: Int) -> Float {
  var a = splat(-.infinity)
  var b = a
  var i = 0
  while i + 2 * lanes <= length {
    a = larger(a, load(x + i))
    b = larger(b, load(x + (i + lanes)))
    i += 2 * lanes
  }
  while i < length {
    a = larger(a, masked(load(x + i), length - i, -.infinity))
    i += lanes
  }
  return laneMaximum(larger(a, b))
}

/// The sum of exp(x - top).
@inline(always) private func rowExponentials(_ x: Floats, _ length: Int, _ top: Float) -> Float {
  var sum = V.zero
  var i = 0
  while i + lanes <= length {
    sum += vexpOfNegative(load(x + i) - splat(top))
    i += lanes
  }
  if i < length { sum += vexpOfNegative(masked(load(x + i), length - i, -.infinity) - splat(top)) }
  return laneSum(sum)
}

@inline(always) private func logarithm(_ x: Float) -> Float { logarithm(splat(x))[0] }

/// y = e^x / sum(e^x) times `factor`
@inline(always) private func softmaxRow(_ x: Floats, _ y: MutableFloats, _ length: Int, _ factor: Float) {
  let top = splat(rowMaximum(x, length))
  var sum = V.zero
  var i = 0
  while i + lanes <= length {
    let e = vexpOfNegative(load(x + i) - top)
    sum += e
    store(e, y + i)
    i += lanes
  }
  // The last exponentials stay in a register.
  let last = vexpOfNegative(masked(load(x + i), length - i, -.infinity) - top)
  let scale = splat(factor / laneSum(sum + last))
  store(last * scale, y + i, count: length - i)
  i = 0
  while i + lanes <= length {
    store(load(y + i) * scale, y + i)
    i += lanes
  }
}

/// y[r, c] = e^x[r, c] / sum over c, or the logarithm of it
func softmaxRows(_ logarithmic: Int, _ x: Floats, _ y: MutableFloats, _ rows: Int, _ length: Int) {
  if length <= lanes { return softmaxSquares(logarithmic, x, y, rows, length) }
  for r in 0..<rows {
    let x = x + r * length
    let y = y + r * length
    if logarithmic == 0 {
      softmaxRow(x, y, length, 1)
      continue
    }
    let top = rowMaximum(x, length)
    let rest = logarithm(rowExponentials(x, length, top))
    var i = 0
    while i < length {
      let v = load(x + i) - splat(top) - splat(rest)
      if length - i >= lanes { store(v, y + i) } else { store(v, y + i, count: length - i) }
      i += lanes
    }
  }
}

/// losses[r] = ln(sum over c of e^x[r, c]) - x[r, labels[r]]; 0 where the label is no class
func crossEntropyRows(
  _ x: Floats, _ labels: Ints, _ losses: MutableFloats, _ rows: Int, _ classes: Int
) {
  if classes <= lanes { return crossEntropySquares(x, labels, losses, rows, classes) }
  for r in 0..<rows {
    let x = x + r * classes
    let label = Int(labels[r])
    if label < 0 || label >= classes {
      losses[r] = 0
      continue
    }
    let top = rowMaximum(x, classes)
    losses[r] = logarithm(rowExponentials(x, classes, top)) + (top - x[label])
  }
}

/// dx[r, c] = (softmax(x)[r, c] - (c is the label)) dlosses[r]; 0 where the label is no class
func crossEntropyBackwardRows(
  _ x: Floats, _ labels: Ints, _ dlosses: Floats, _ dx: MutableFloats, _ rows: Int, _ classes: Int
) {
  if classes <= lanes { return crossEntropyBackwardSquares(x, labels, dlosses, dx, rows, classes) }
  for r in 0..<rows {
    let dx = dx + r * classes
    let label = Int(labels[r])
    if label < 0 || label >= classes {
      for c in 0..<classes { dx[c] = 0 }
      continue
    }
    softmaxRow(x + r * classes, dx, classes, dlosses[r])
    dx[label] -= dlosses[r]
  }
}
