import MartletKernelTable

// Convolutions with as many groups as channels and filters: every channel by itself, channels side by side in vectors.

/// One pixel: result[c] = Σ_tap rows[tap][c] * weights[tap * channels + c].
func depthwise(
  _ rows: UnsafePointer<Floats>, _ taps: Int, _ weights: Floats, _ channels: Int, _ result: UnsafeRawPointer
) {
  var result = result.assumingMemoryBound(to: TileResult.self).pointee
  let all = result
  var channel = 0
  while channel < channels {
    let present = channels &- channel
    var tile = InlineArray<1, InlineArray<1, V>>(repeating: InlineArray(repeating: V.zero))
    for tap in 0..<taps {
      let x = rows[tap] + channel
      let w = weights + (tap &* channels &+ channel)
      // A vector may reach beyond the last channel: what it reads there is memory of the buffer, and never stored.
      tile[unchecked: 0][unchecked: 0] = multiplyAdd(load(x), load(w), tile[unchecked: 0][unchecked: 0])
    }
    result.c = all.c + channel
    result.bias = all.bias.map { $0 + channel }
    result.residual = all.residual.map { $0 + channel }
    result.columns = present < lanes ? present : lanes
    finish(tile, folded: false, 1, result)
    channel &+= lanes
  }
}

/// dw[c] += Σ_pixel x[pixel * xStep + c] * dy[pixel * dyStep + c].
func depthwiseOuter(
  _ x: Floats, _ xStep: Int, _ dy: Floats, _ dyStep: Int, _ pixels: Int, _ channels: Int, _ dw: MutableFloats
) {
  var channel = 0
  while channel < channels {
    let present = channels &- channel
    var sum = present < lanes ? load(Floats(dw) + channel, count: present) : load(dw + channel)
    var a = x + channel
    var b = dy + channel
    for _ in 0..<pixels {
      sum = multiplyAdd(load(a), load(b), sum)
      a += xStep
      b += dyStep
    }
    if present < lanes { store(sum, dw + channel, count: present) } else { store(sum, dw + channel) }
    channel &+= lanes
  }
}
