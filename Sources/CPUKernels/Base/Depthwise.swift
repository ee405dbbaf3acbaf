import MartletKernelTable

// Convolutions with as many groups as channels and filters: every channel by itself, channels side by side in vectors.

/// One pixel: result[c] = Σ_tap rows[tap][c] * weights[tap * channels + c].
func depthwise(
  _ rows: UnsafePointer<Floats>, _ taps: Int, _ weights: Floats, _ channels: Int, _ result: UnsafeRawPointer
) {
  let result = result.assumingMemoryBound(to: TileResult.self).pointee
  let c = result.c + result.offsets[0]
  var channel = 0
  while channel < channels {
    var sum = V.zero
    for tap in 0..<taps {
      // A vector may reach beyond the last channel: what it reads there is memory of the buffer, and never stored.
      sum = multiplyAdd(load(rows[tap] + channel), load(weights + (tap &* channels &+ channel)), sum)
    }
    if let bias = result.bias { sum += load(bias + channel) }
    if let scale = result.scale { sum *= load(scale + channel) }
    if let shift = result.shift { sum += load(shift + channel) }
    if let residual = result.residual { sum += load(residual + result.offsets[0] + channel) }
    if result.activation == 1 { sum = larger(sum, V.zero) }
    if result.activation == 2 { sum = vsigmoid(sum) }
    if result.activation == 3 { sum = vtanh(sum) }
    if let mask = result.mask { sum = masked(sum, load(mask + result.offsets[0] + channel)) }
    let present = channels &- channel
    if present < lanes { storePart(sum, c + channel, present) } else { store(sum, c + channel) }
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
