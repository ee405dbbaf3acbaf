// Softmax and its cross-entropy of rows no longer than a vector: as many rows at a time as a vector has lanes become the
// lanes of one vector for each class. A row's result is the same wherever it stands.

/// Turns classes into exp(x - top); the tops and the sums of that.
@inline(always) private func exponentiate(_ classes: inout Square, _ length: Int) -> (top: V, sum: V) {
  withUnsafeMutablePointer(to: &classes) { square in
    let classes = UnsafeMutableRawPointer(square).assumingMemoryBound(to: V.self)
    var top = classes[0]
    var c = 1
    while c < length {
      top = larger(top, classes[c])
      c &+= 1
    }
    var sum = V.zero
    for c in 0..<length {
      let e = vexpOfNegative(classes[c] - top)
      classes[c] = e
      sum += e
    }
    return (top, sum)
  }
}

/// `softmaxRows` for rows of at most `lanes` elements.
func softmaxSquares(_ logarithmic: Int, _ x: Floats, _ y: MutableFloats, _ rows: Int, _ length: Int) {
  var first = 0
  while first < rows {
    let count = rows - first < lanes ? rows - first : lanes
    var classes = transposed(loadSquare(x + first * length, length, count: count))
    if logarithmic == 0 {
      let scale = splat(1) / exponentiate(&classes, length).sum
      for c in 0..<length { classes[unchecked: c] *= scale }
    } else {
      var exponentials = classes
      let (top, sum) = exponentiate(&exponentials, length)
      let rest = logarithm(sum)
      for c in 0..<length { classes[unchecked: c] = classes[unchecked: c] - top - rest }
    }
    storeRows(transposed(classes), y + first * length, length, length, count: count)
    first += lanes
  }
}

/// `crossEntropyRows` for at most `lanes` classes.
func crossEntropySquares(
  _ x: Floats, _ labels: Ints, _ losses: MutableFloats, _ rows: Int, _ classes: Int
) {
  var first = 0
  while first < rows {
    let count = rows - first < lanes ? rows - first : lanes
    let x = x + first * classes
    var exponentials = transposed(loadSquare(x, classes, count: count))
    let (top, sum) = exponentiate(&exponentials, classes)
    // What the labels pick is subtracted from the tops first, which may be large.
    let losses = losses + first
    let labels = labels + first
    for r in 0..<count {
      let label = Int(labels[r])
      losses[r] = label >= 0 && label < classes ? x[r * classes + label] : 0
    }
    store(logarithm(sum) + (top - load(losses)), losses, count: count)
    for r in 0..<count where labels[r] < 0 || Int(labels[r]) >= classes { losses[r] = 0 }
    first += lanes
  }
}

/// `crossEntropyBackwardRows` for at most `lanes` classes.
func crossEntropyBackwardSquares(
  _ x: Floats, _ labels: Ints, _ dlosses: Floats, _ dx: MutableFloats, _ rows: Int, _ classes: Int
) {
  var first = 0
  while first < rows {
    let count = rows - first < lanes ? rows - first : lanes
    var square = transposed(loadSquare(x + first * classes, classes, count: count))
    let scale = load(dlosses + first) / exponentiate(&square, classes).sum
    for c in 0..<classes { square[unchecked: c] *= scale }
    let dx = dx + first * classes
    storeRows(transposed(square), dx, classes, classes, count: count)
    for r in 0..<count {
      let label = Int(labels[first + r])
      if label >= 0 && label < classes {
        dx[r * classes + label] -= dlosses[first + r]
      } else {
        for c in 0..<classes { dx[r * classes + c] = 0 }
      }
    }
    first += lanes
  }
}
