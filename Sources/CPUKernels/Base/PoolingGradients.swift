// Gradients of pooling, a row of the input at a time: every element gathers from the windows that hold it, in their order.
// `columns` says for each column of the input which windows do, as the first one and the one behind the last.

import MartletKernelTable

/// The windows along one axis that hold an input element. They may be none, where strides are wider than windows.
@inline(always) private func windows(
  _ place: Int, _ stride: Int, _ padding: Int, _ window: Int, _ outputs: Int
) -> (first: Int, end: Int) {
  let last = place + padding
  let first = last < window ? 0 : (last - window) / stride + 1
  let end = last / stride + 1
  return (first, end > outputs ? outputs : end)
}

/// columns[w] of all columns of the input.
func poolColumns(_ window: UnsafeRawPointer, _ columns: UnsafeMutablePointer<Int>) {
  let g = window.load(as: PoolingWindow.self)
  for w in 0..<g.inputWidth {
    let wide = windows(w, g.widthStride, g.widthPadding, g.width, g.outputWidth)
    columns[2 * w] = wide.first
    columns[2 * w + 1] = wide.end
  }
}

/// dx[w, c] = Σ dy[o, c] over the windows o whose maximum lies at (depth, height, w)
func poolMaximumBackwardRow(
  _ window: UnsafeRawPointer, _ columns: UnsafePointer<Int>, _ dy: Floats, _ positions: Ints,
  _ dx: MutableFloats, _ depth: Int, _ height: Int
) {
  let g = window.load(as: PoolingWindow.self)
  let channels = g.channels
  let deep = windows(depth, g.depthStride, g.depthPadding, g.depth, g.outputDepth)
  let high = windows(height, g.heightStride, g.heightPadding, g.height, g.outputHeight)
  var dx = dx
  var rest = g.inputWidth * channels
  for w in 0..<g.inputWidth {
    let own = VI(repeating: Int32(truncatingIfNeeded: (depth * g.inputHeight + height) * g.inputWidth + w))
    var isFirst = true
    var d = deep.first
    while d < deep.end {
      var h = high.first
      while h < high.end {
        let line = (d * g.outputHeight + h) * g.outputWidth
        var o = line + columns[2 * w]
        while o < line + columns[2 * w + 1] {
          let (dy, positions) = (dy + o * channels, positions + o * channels)
          var c = 0
          while c < channels {
            let sum = isFirst ? V.zero : load(dx + c)
            let term = V.zero.replacing(with: load(dy + c), where: load(positions + c) .== own)
            storeResult(sum + term, dx + c, rest - c)
            c += lanes
          }
          isFirst = false
          o += 1
        }
        h += 1
      }
      d += 1
    }
    if isFirst { for c in 0..<channels { dx[c] = 0 } }
    dx += channels
    rest -= channels
  }
}

/// dx[w, c] = Σ dy[o, c] * weights[o] over the windows o that hold (depth, height, w)
func poolAverageBackwardRow(
  _ window: UnsafeRawPointer, _ columns: UnsafePointer<Int>, _ weights: Floats, _ dy: Floats,
  _ dx: MutableFloats, _ depth: Int, _ height: Int
) {
  let g = window.load(as: PoolingWindow.self)
  let channels = g.channels
  let deep = windows(depth, g.depthStride, g.depthPadding, g.depth, g.outputDepth)
  let high = windows(height, g.heightStride, g.heightPadding, g.height, g.outputHeight)
  var dx = dx
  var rest = g.inputWidth * channels
  for w in 0..<g.inputWidth {
    var isFirst = true
    var d = deep.first
    while d < deep.end {
      var h = high.first
      while h < high.end {
        let line = (d * g.outputHeight + h) * g.outputWidth
        var o = line + columns[2 * w]
        while o < line + columns[2 * w + 1] {
          let dy = dy + o * channels
          let weight = splat(weights[o])
          var c = 0
          while c < channels {
            let sum = isFirst ? V.zero : load(dx + c)
            storeResult(sum + load(dy + c) * weight, dx + c, rest - c)
            c += lanes
          }
          isFirst = false
          o += 1
        }
        h += 1
      }
      d += 1
    }
    if isFirst { for c in 0..<channels { dx[c] = 0 } }
    dx += channels
    rest -= channels
  }
}
