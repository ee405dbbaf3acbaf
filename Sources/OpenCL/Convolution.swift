import MartletCore

extension Encoder {
  /// Forward and backward-data: one product for each lattice of results.
  func convolution(
    _ pass: ConvolutionPass, _ g: ConvolutionGeometry, _ epilogue: Epilogue, inputs: [Operand],
    result: Operand
  ) throws {
    if pass == .backwardData, let joined = g.joiningColumns {
      let operands = try repeated(inputs, epilogue, g.kernel.width)
      return try convolution(pass, joined, epilogue, inputs: operands, result: result)
    }
    let isForward = pass == .forward
    let (inputsPerGroup, filtersPerGroup) = (g.inputChannelsPerGroup, g.outputChannelsPerGroup)
    let columns = isForward ? filtersPerGroup : inputsPerGroup
    let depth = isForward ? inputsPerGroup : filtersPerGroup
    let source = isForward ? g.input : g.output
    let way = way(pass, g)
    // All lattices see the same pixels of the source where windows lie below one another: one product for all.
    let linesTogether = shape.isForCPUs && pass == .backwardData && joinsLines(g) ? g.kernel.height : 1
    var lattices = g.lattices(for: pass)
    if linesTogether > 1 { lattices.removeLast(linesTogether - 1) }
    var frame = Frame(
      source, around: lattices, block: way == .planar ? TileShape.planarVectors * shape.vector : 1)
    let reachesOut = frame.framed != source
    if way == .tested || way == .strips { frame = Frame(source, around: []) }
    let strips =
      way == .strips
      ? try self.strips(
        inputs[0], pixels: g.batch * source.count, groups: g.groups, columns: columns, inputs: depth) : nil
    let x = try framed(inputs[0], frame, batch: g.batch, channels: g.groups * depth)
    let operands = [x] + inputs.dropFirst()
    // Taps side by side are a longer inner axis, where a single one is short.
    let isJoined =
      isForward && way == .framed && g.groups == 1 && depth < 16 && g.kernel.width > 1
      && g.dilation.width == 1
    for (index, lattice) in lattices.enumerated() {
      let taps = try table([pass, g, index] as [AnyHashable]) {
        Self.tapTable(
          isJoined ? lattice.taps.filter { $0.index % g.kernel.width == 0 } : lattice.taps, in: frame,
          step: inputsPerGroup * g.outputChannels)
      }
      let images =
        shape.isForCPUs && [.framed, .tested].contains(way) ? frame.images(of: g.batch, at: lattice) : 1
      var product = Product(
        rows: g.batch * lattice.count.count, columns: columns, depth: depth, taps: taps,
        tapCount: lattice.taps.count, points: lattice.count, step: lattice.sourceStep, source: frame.framed,
        before: frame.before, inside: source, images: images,
        result: isForward ? g.output : g.input, start: lattice.start, stride: lattice.step,
        aSteps: (g.groups * depth, 1, depth),
        bSteps: isForward
          ? (g.outputChannels, 1, filtersPerGroup) : (1, g.outputChannels, filtersPerGroup),
        cSteps: (g.groups * columns, columns), rowBatch: columns, batch: g.groups)
      product.isTested = way == .tested && reachesOut
      if linesTogether > 1 {
        product.columns *= linesTogether
        product.lines = (columns, g.input.width * columns)
      }
      if isJoined {
        product.depth *= g.kernel.width
        product.tapCount /= g.kernel.width
        (product.before.width, product.inside.width) = (0, frame.framed.width)
      }
      if let strips {
        try channelwise(product, epilogue, source: strips, inputs: operands, c: result)
      } else if way == .planar {
        try planar(product, epilogue, inputs: operands, c: result)
      } else {
        try multiply(product, epilogue, inputs: operands, c: result)
      }
    }
  }

  /// Operands for results that are several joined pixels each: what channels have is repeated.
  private func repeated(_ inputs: [Operand], _ epilogue: Epilogue, _ times: Int) throws -> [Operand] {
    let numbersOfChannels = [epilogue.hasBias, epilogue.hasScale, epilogue.hasShift].count { $0 }
    var operands = inputs
    for index in operands.indices.dropFirst(2).prefix(numbersOfChannels) {
      let channels = inputs[index].shape.count
      operands[index] = try scratch(times * channels)
      operands[index].shape = [times, channels]
      let piece = StridedCopy.Piece(
        shape: [times, channels], inputStrides: [0, 1], outputStrides: [channels, 1])
      try copy(StridedCopy([piece]), inputs: [inputs[index]], y: operands[index])
    }
    return operands
  }

  /// Whether windows of one column lie below one another, without gaps, and whole strips of columns in a line.
  private func joinsLines(_ g: ConvolutionGeometry) -> Bool {
    g.groups == 1 && g.kernel == g.strides && g.kernel.count == g.kernel.height && g.dilation.height == 1
      && g.paddingBefore == Extent(repeating: 0) && g.input.height == g.output.height * g.strides.height
      && g.inputChannels.isMultiple(of: shape.columnsOfGroup)
  }

  /// How products find their sources.
  private enum Way {
    /// Every pixel is looked up: GPUs, and rows that are long enough.
    case tested
    /// In a frame.
    case framed
    /// In strips of channels of several groups, tested.
    case strips
    /// In a frame, pixels of one channel along the lanes.
    case planar
  }

  private func way(_ pass: ConvolutionPass, _ g: ConvolutionGeometry) -> Way {
    let isForward = pass == .forward
    guard shape.isForCPUs else { return .tested }
    if g.groups > 1 {
      let columns = isForward ? g.outputChannelsPerGroup : g.inputChannelsPerGroup
      return columns < shape.vector ? .strips : .framed
    }
    let isPlanar =
      isForward
      ? g.inputChannels == 1 && g.outputChannels <= 4 && g.strides.width == 1 && g.output.width >= 32
      : g.outputChannels == 1 && g.inputChannels <= 4 && g.input.width >= 32 * g.strides.width
    if isPlanar { return .planar }
    // A frame costs a copy, tests of pixels a share of so many products; few pixels or columns are sums of products.
    let (columns, depth) =
      isForward ? (g.outputChannels, g.inputChannels) : (g.inputChannels, g.outputChannels)
    let points = g.batch * (isForward ? g.output : g.input).count / (isForward ? 1 : g.strides.count)
    return depth >= 32 && columns > 4 && points > 64 ? .tested : .framed
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

  /// Four numbers a tap: its offsets in the frame, and where its part of the kernel begins.
  static func tapTable(_ taps: [Lattice.Tap], in frame: Frame, step: Int) -> [Int32] {
    taps.flatMap { tap in
      (0..<3).map { Int32(tap.offset[$0] + frame.before[$0]) } + [Int32(tap.index * step)]
    }
  }
}
