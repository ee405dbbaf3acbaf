import MartletCore

extension Encoder {
  /// Forward and backward-data: one product for each lattice of results.
  func convolution(
    _ pass: ConvolutionPass, _ g: ConvolutionGeometry, _ epilogue: Epilogue, inputs: [Operand],
    result: Operand
  ) throws {
    let isForward = pass == .forward
    let (inputsPerGroup, filtersPerGroup) = (g.inputChannelsPerGroup, g.outputChannelsPerGroup)
    let columns = isForward ? filtersPerGroup : inputsPerGroup
    for (index, lattice) in g.lattices(for: pass).enumerated() {
      let taps = try table([pass, g, index] as [AnyHashable]) {
        Self.tapTable(lattice.taps, step: inputsPerGroup * g.outputChannels)
      }
      let product = Product(
        rows: g.batch * lattice.count.count, columns: columns,
        depth: isForward ? inputsPerGroup : filtersPerGroup, taps: taps, tapCount: lattice.taps.count,
        points: lattice.count, step: lattice.sourceStep, source: isForward ? g.input : g.output,
        result: isForward ? g.output : g.input, start: lattice.start, stride: lattice.step,
        aSteps: isForward ? (g.inputChannels, 1, inputsPerGroup) : (g.outputChannels, 1, filtersPerGroup),
        bSteps: isForward
          ? (g.outputChannels, 1, filtersPerGroup) : (1, g.outputChannels, filtersPerGroup),
        cSteps: (isForward ? g.outputChannels : g.inputChannels, columns), rowBatch: columns,
        batch: g.groups)
      try multiply(product, epilogue, inputs: inputs, c: result)
    }
  }

  /// A forward convolution, and the maximum pooling of its results.
  func pooledConvolution(
    _ g: ConvolutionGeometry, _ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]
  ) throws {
    guard let pooling = g.maxPooling else { preconditionFailure("\(g) cannot pool") }
    var unpooled = epilogue
    unpooled.hasMaxPool = false
    var y = try scratch(g.outputShape.count)
    y.shape = g.outputShape
    try convolution(.forward, g, unpooled, inputs: inputs, result: y)
    try self.pooling(.forward, pooling, inputs: [y], outputs: outputs)
  }

  /// Four numbers a tap: its offsets, and where its part of the kernel begins.
  private static func tapTable(_ taps: [Lattice.Tap], step: Int) -> [Int32] {
    taps.flatMap { tap in
      [tap.offset.depth, tap.offset.height, tap.offset.width, tap.index * step].map { Int32($0) }
    }
  }

  /// The gradient of the kernel: chunks of pixels, whose sums are added up.
  func kernelGradient(_ g: ConvolutionGeometry, x: Operand, dy: Operand, dw: Operand) throws {
    guard dw.shape.count > 0 else { return }
    let lattice = g.lattices(for: .backwardKernel)[0]
    let taps = try table([ConvolutionPass.backwardKernel, g] as [AnyHashable]) {
      Self.tapTable(lattice.taps, step: 0)
    }
    let pixels = g.batch * g.output.count
    let rows = lattice.taps.count * g.inputChannelsPerGroup
    let isGrouped = g.groups > 1
    let width = shape.vector * TileShape.gradientVectors
    let tiles =
      isGrouped
      ? rows * g.outputChannels
      : (g.outputChannels + width - 1) / width
        * ((rows + TileShape.gradientRows - 1) / TileShape.gradientRows)
    // Enough items to fill a device, none with less than 64 pixels.
    let wanted = max(1, min(16384 / tiles, pixels / 64))
    let perChunk = max(1, (pixels + wanted - 1) / wanted)
    let chunks = max(1, (pixels + perChunk - 1) / perChunk)
    let partial = chunks == 1 ? dw : try scratch(chunks * dw.shape.count)
    let extents = [g.output, g.input, g.strides].flatMap { [$0.depth, $0.height, $0.width] }
    let count = tiles * chunks
    try run(
      isGrouped ? "kernelGradientDirect" : "kernelGradient", of: "convolution", macros: shape.gradientMacros,
      [x, dy, partial, taps].map { .array($0) } + [
        .int(count),
        .ints(
          [pixels, perChunk, chunks, rows, g.outputChannels, g.inputChannelsPerGroup, g.groups] + extents),
      ], items: count, group: isGrouped ? 64 : shape.gradientItems)
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
