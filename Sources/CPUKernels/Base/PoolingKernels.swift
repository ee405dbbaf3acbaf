// Pooling of one image at a time, channels last. x is an image (depth, height, width, channels); a row is all outputs
// of one output depth and height.

import MartletKernelTable

/// The part of a window along one axis that lies inside the input.
@inline(always) private func span(
  _ output: Int, _ stride: Int, _ padding: Int, _ window: Int, _ size: Int
) -> (first: Int, end: Int) {
  let start = output * stride - padding
  let end = start + window
  return (start < 0 ? 0 : start, end > size ? size : end)
}

/// A whole vector, also where the pixel has fewer channels: the next pixels of the row follow. What is left of a row of
/// results bounds it.
@inline(always) func storeResult(_ v: V, _ y: MutableFloats, _ rest: Int) {
  if rest >= lanes { store(v, y) } else { store(v, y, count: rest) }
}

@inline(always) private func floats(_ p: MutableInts) -> MutableFloats {
  UnsafeMutableRawPointer(p).assumingMemoryBound(to: Float.self)
}

/// y[w, c] = the maximum under the window, positions[w, c] = the flat index of the first element that has it. A NaN
/// counts as larger than everything.
func poolMaximumRow(
  _ window: UnsafeRawPointer, _ x: Floats, _ y: MutableFloats, _ positions: MutableInts, _ outputDepth: Int,
  _ outputHeight: Int
) {
  let g = window.load(as: PoolingWindow.self)
  let channels = g.channels
  let deep = span(outputDepth, g.depthStride, g.depthPadding, g.depth, g.inputDepth)
  let high = span(outputHeight, g.heightStride, g.heightPadding, g.height, g.inputHeight)
  for w in 0..<g.outputWidth {
    let wide = span(w, g.widthStride, g.widthPadding, g.width, g.inputWidth)
    let y = y + w * channels
    let positions = positions + w * channels
    let rest = (g.outputWidth - w) * channels
    let first = (deep.first * g.inputHeight + high.first) * g.inputWidth + wide.first
    if deep.end - deep.first == 1 && high.end - high.first == 2 && wide.end - wide.first == 2 {
      poolQuad(x + first * channels, y, positions, first, g.inputWidth, channels, rest)
      continue
    }
    var c = 0
    while channels - c >= 4 * lanes {
      poolFour(g, x + c, y + c, positions + c, deep, high, wide)
      c += 4 * lanes
    }
    while c < channels {
      if channels - c < lanes && channels >= lanes { c = channels - lanes }
      var best = load(x + (first * channels + c))
      var place = VI(repeating: Int32(truncatingIfNeeded: first))
      for d in deep.first..<deep.end {
        for h in high.first..<high.end {
          var position = (d * g.inputHeight + h) * g.inputWidth + wide.first
          for _ in wide.first..<wide.end {
            let here = VI(repeating: Int32(truncatingIfNeeded: position))
            takeLarger(load(x + (position * channels + c)), here, &best, &place)
            position += 1
          }
        }
      }
      storeResult(best, y + c, rest - c)
      storeResult(floats(place), floats(positions + c), rest - c)
      c += lanes
    }
  }
}

/// Four vectors of channels under one window: each waits for its own comparisons, so that side by side they wait less.
@inline(always) private func poolFour(
  _ g: PoolingWindow, _ x: Floats, _ y: MutableFloats, _ positions: MutableInts,
  _ deep: (first: Int, end: Int), _ high: (first: Int, end: Int), _ wide: (first: Int, end: Int)
) {
  let first = (deep.first * g.inputHeight + high.first) * g.inputWidth + wide.first
  let corner = x + first * g.channels
  var (best0, best1) = (load(corner), load(corner + lanes))
  var (best2, best3) = (load(corner + 2 * lanes), load(corner + 3 * lanes))
  var place0 = VI(repeating: Int32(truncatingIfNeeded: first))
  var (place1, place2, place3) = (place0, place0, place0)
  for d in deep.first..<deep.end {
    for h in high.first..<high.end {
      var position = (d * g.inputHeight + h) * g.inputWidth + wide.first
      var p = x + position * g.channels
      for _ in wide.first..<wide.end {
        let here = VI(repeating: Int32(truncatingIfNeeded: position))
        takeLarger(load(p), here, &best0, &place0)
        takeLarger(load(p + lanes), here, &best1, &place1)
        takeLarger(load(p + 2 * lanes), here, &best2, &place2)
        takeLarger(load(p + 3 * lanes), here, &best3, &place3)
        p += g.channels
        position += 1
      }
    }
  }
  store(best0, y)
  store(best1, y + lanes)
  store(best2, y + 2 * lanes)
  store(best3, y + 3 * lanes)
  store(place0, positions)
  store(place1, positions + lanes)
  store(place2, positions + 2 * lanes)
  store(place3, positions + 3 * lanes)
}

/// A larger element and its place in the stead of the best one. NaN is larger than everything and stays.
@inline(always) private func takeLarger(_ v: V, _ position: VI, _ best: inout V, _ place: inout VI) {
  let isBetter = .!(v .<= best) .& (best .== best)
  best = best.replacing(with: v, where: isBetter)
  place = place.replacing(with: position, where: isBetter)
}

/// A window of 2 x 2 that lies inside the input.
@inline(always) private func poolQuad(
  _ x: Floats, _ y: MutableFloats, _ positions: MutableInts, _ corner: Int, _ inputWidth: Int,
  _ channels: Int, _ rest: Int
) {
  let below = inputWidth * channels
  let place0 = VI(repeating: Int32(truncatingIfNeeded: corner))
  let place1 = place0 &+ VI(repeating: 1)
  let place2 = place0 &+ VI(repeating: Int32(truncatingIfNeeded: inputWidth))
  let place3 = place2 &+ VI(repeating: 1)
  var c = 0
  while c < channels {
    if channels - c < lanes && channels >= lanes { c = channels - lanes }
    let p = x + c
    var best = load(p)
    var place = place0
    takeLarger(load(p + channels), place1, &best, &place)
    takeLarger(load(p + below), place2, &best, &place)
    takeLarger(load(p + (below + channels)), place3, &best, &place)
    storeResult(best, y + c, rest - c)
    storeResult(floats(place), floats(positions + c), rest - c)
    c += lanes
  }
}

/// y[w, c] = weights[o] times the sum under the window o = (depth, height, w)
func poolAverageRow(
  _ window: UnsafeRawPointer, _ weights: Floats, _ x: Floats, _ y: MutableFloats, _ outputDepth: Int,
  _ outputHeight: Int
) {
  let g = window.load(as: PoolingWindow.self)
  let channels = g.channels
  let deep = span(outputDepth, g.depthStride, g.depthPadding, g.depth, g.inputDepth)
  let high = span(outputHeight, g.heightStride, g.heightPadding, g.height, g.inputHeight)
  for w in 0..<g.outputWidth {
    let wide = span(w, g.widthStride, g.widthPadding, g.width, g.inputWidth)
    let scale = splat(weights[(outputDepth * g.outputHeight + outputHeight) * g.outputWidth + w])
    let y = y + w * channels
    let rest = (g.outputWidth - w) * channels
    var c = 0
    while c < channels {
      if channels - c < lanes && channels >= lanes { c = channels - lanes }
      var total = V.zero
      for d in deep.first..<deep.end {
        for h in high.first..<high.end {
          var p = x + (((d * g.inputHeight + h) * g.inputWidth + wide.first) * channels + c)
          var sum = V.zero
          for _ in wide.first..<wide.end {
            sum += load(p)
            p += channels
          }
          total += sum
        }
      }
      storeResult(total * scale, y + c, rest - c)
      c += lanes
    }
  }
}

/// y[o, c] = x[positions[o, c], c], for an image
func poolPick(
  _ x: Floats, _ positions: Ints, _ y: MutableFloats, _ outputs: Int, _ channels: Int
) {
  for o in 0..<outputs {
    for i in (o * channels)..<((o + 1) * channels) {
      y[i] = x[Int(positions[i]) * channels + (i - o * channels)]
    }
  }
}
