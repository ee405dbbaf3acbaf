import MartletKernelTable

func winogradKernels() -> WinogradKernels {
  WinogradKernels(
    two: .init(size: 2, taps: 3, input: winogradInput2, kernel: winogradKernel2, output: winogradOutput2),
    four: .init(size: 4, taps: 3, input: winogradInput4, kernel: winogradKernel4, output: winogradOutput4),
    twoOfFive: .init(
      size: 2, taps: 5, input: winogradInput4, kernel: winogradKernel5, output: winogradOutput5),
    gradientInput: winogradGradientInput, gradientOutput: winogradGradientOutput)
}

/// One vector of one pixel of results: does what the result says of bias, scale, shift, residual, activation and mask, and
/// stores the channels from `channel` on that there are.
@inline(always)
func finishPixel(_ value: V, _ bias: V, _ result: TileResult, _ offset: Int, _ channel: Int) {
  let at = offset &+ channel
  var value = value + bias
  if let scale = result.scale { value *= load(scale + channel) }
  if let shift = result.shift { value += load(shift + channel) }
  if let residual = result.residual { value += load(residual + at) }
  if result.activation == 1 { value = larger(value, V.zero) }
  if let mask = result.mask { value = masked(value, load(mask + at)) }
  let present = result.columns &- channel
  if present < lanes { storePart(value, result.c + at, present) } else { store(value, result.c + at) }
}
