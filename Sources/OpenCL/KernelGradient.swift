import MartletCore

extension Encoder {
  /// The gradient of a convolution's kernel; see convolution.cl.
  func kernelGradient(_ g: ConvolutionGeometry, x: Operand, dy: Operand, dw: Operand) throws {
    guard dw.shape.count > 0 else { return }
    if g.groups == 1 || shape.isForCPUs && g.outputChannelsPerGroup >= shape.vector {
      try kernelGradientInTiles(g, x: x, dy: dy, dw: dw)
    } else if shape.isForCPUs {
      try kernelGradientInStrips(g, x: x, dy: dy, dw: dw)
    } else {
      let frame = Frame(g.input, around: [])
      let numbers = Gradient(g, frame, xPixel: g.inputChannels, dyPixel: g.outputChannels)
      try summed(dw, numbers, tiles: numbers.rows * g.outputChannels) { partial, count, numbers in
        try run(
          "kernelGradientDirect", of: "convolution", macros: shape.gradientMacros,
          [x, dy, partial, try taps(g, frame)].map { .array($0) } + [.int(count), numbers], items: count)
      }
    }
  }

  private func kernelGradientInTiles(
    _ g: ConvolutionGeometry, x: Operand, dy: Operand, dw: Operand
  ) throws {
    let shape = shape.fitting(columns: g.outputChannelsPerGroup)
    let frame = Frame(g.input, around: g.lattices(for: .backwardKernel))
    let source = try framed(x, frame, batch: g.batch, channels: g.inputChannels)
    let (wide, width) = try widened(
      dy, rows: g.batch * g.output.count * g.groups, length: g.outputChannelsPerGroup,
      to: shape.gradientColumns)
    let numbers = Gradient(g, frame, xPixel: g.inputChannels, dyPixel: width * g.groups)
    let blocks = (numbers.rows + shape.gradientRows - 1) / shape.gradientRows
    let tiles = width / shape.gradientColumns * g.groups * blocks
    try summed(dw, numbers, tiles: tiles) { partial, count, numbers in
      try run(
        "kernelGradient", of: "convolution", macros: shape.gradientMacros,
        [source, wide, partial, try taps(g, frame)].map { .array($0) } + [.int(count), numbers],
        items: count, group: shape.gradientItems)
    }
  }

  private func kernelGradientInStrips(
    _ g: ConvolutionGeometry, x: Operand, dy: Operand, dw: Operand
  ) throws {
    let frame = Frame(g.input, around: [])
    let source = try strips(
      x, pixels: g.batch * g.input.count, groups: g.groups, columns: g.outputChannelsPerGroup,
      inputs: g.inputChannelsPerGroup)
    let (wide, width) = try widened(
      dy, rows: g.batch * g.output.count, length: g.outputChannels, to: shape.vector)
    let numbers = Gradient(g, frame, xPixel: source.steps.pixel, dyPixel: width)
    let rows = TileShape.stripGradientRows
    let tiles = source.count * ((numbers.rows + rows - 1) / rows)
    try summed(dw, numbers, tiles: tiles, chunk: 256) { partial, count, numbers in
      try run(
        "channelwiseGradient", of: "convolution", macros: shape.gradientMacros,
        [source.x, wide, partial, try taps(g, frame), try zeros(source.steps.pixel)].map { .array($0) } + [
          .int(count), .int(source.steps.strip), .int(source.steps.k), numbers,
        ], items: count, group: shape.gradientItems)
    }
  }

  private func taps(_ g: ConvolutionGeometry, _ frame: Frame) throws -> Operand {
    try table([ConvolutionPass.backwardKernel, g] as [AnyHashable]) {
      Self.tapTable(g.lattices(for: .backwardKernel)[0].taps, in: frame, step: 0)
    }
  }

  /// Runs so many tiles over chunks of the pixels, and adds up what each makes. How many chunks there are depends on the
  /// problem alone: some to fill a GPU, none with less than 64 pixels; on CPUs about `chunk`, so that
  /// their part of x and dy stays near.
  private func summed(
    _ dw: Operand, _ numbers: Gradient, tiles: Int, chunk: Int = 1024,
    _ body: (_ partial: Operand, _ count: Int, _ numbers: Argument) throws -> Void
  ) throws {
    let pixels = numbers.pixels
    let wanted = max(1, shape.isForCPUs ? pixels / chunk : min(16384 / tiles, pixels / 64))
    let perChunk = max(1, (pixels + wanted - 1) / wanted)
    let chunks = max(1, (pixels + perChunk - 1) / perChunk)
    let partial = chunks == 1 ? dw : try scratch(chunks * dw.shape.count)
    try body(partial, tiles * chunks, .ints([pixels, perChunk, chunks] + numbers.others))
    if chunks > 1 {
      try reduce(.sum, partial, dw, outer: 1, length: chunks, inner: dw.shape.count)
    }
  }

  /// The gradient of the bias: the sums of dy over all pixels.
  func biasGradient(dy: Operand, db: Operand) throws {
    let channels = max(1, db.shape.count)
    try reduce(.sum, dy, db, outer: 1, length: dy.shape.count / channels, inner: channels)
  }
}

/// The structure of the same name in convolution.cl, but for the chunks.
private struct Gradient {
  let pixels: Int
  /// Taps times inputs of a group.
  let rows: Int
  let others: [Int]

  init(_ g: ConvolutionGeometry, _ frame: Frame, xPixel: Int, dyPixel: Int) {
    pixels = g.batch * g.output.count
    rows = g.kernel.count * g.inputChannelsPerGroup
    let extents = [g.output, frame.framed, g.strides, frame.before, frame.source].flatMap {
      [$0.depth, $0.height, $0.width]
    }
    others = [rows, g.outputChannels, g.inputChannelsPerGroup, g.groups] + extents + [xPixel, dyPixel]
  }
}
