import MartletCore
import MartletKernelTable

extension CPUDevice {
  func convolution(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: Epilogue, inputs: [Operand],
    outputs: [Operand]
  ) throws {
    let way = way(for: pass, geometry)
    if epilogue.hasMaxPool, let pooling = geometry.maxPooling {
      try pooledConvolution(way, geometry, epilogue, pooling, inputs: inputs, outputs: outputs)
    } else {
      try convolution(way, pass, geometry, epilogue, inputs: inputs, outputs: outputs)
    }
    withExtendedLifetime((inputs, outputs)) {}
  }

  /// Runs a pass in one of the ways that can.
  func convolution(
    _ way: ConvolutionWay, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry,
    _ epilogue: Epilogue, inputs: [Operand], outputs: [Operand]
  ) throws {
    if pass == .backwardKernel {
      return try backwardKernel(way, geometry, epilogue, inputs: inputs, outputs: outputs)
    }
    let epilogue = ResolvedEpilogue(epilogue, inputs)
    switch way {
    case .tiles: try gatherConvolution(pass, geometry, epilogue, inputs: inputs, output: outputs[0])
    case .planar: try planarConvolution(pass, geometry, epilogue, inputs: inputs, output: outputs[0])
    case .scatter: try scatterConvolution(pass, geometry, epilogue, inputs: inputs, output: outputs[0])
    case .channelwise:
      try channelwiseConvolution(pass, geometry, epilogue, inputs: inputs, output: outputs[0])
    case .winograd2, .winograd4:
      try winogradConvolution(
        way.algorithm, pass, geometry, epilogue, inputs: inputs, output: outputs[0])
    }
  }

  private func backwardKernel(
    _ way: ConvolutionWay, _ geometry: ConvolutionGeometry, _ epilogue: Epilogue, inputs: [Operand],
    outputs: [Operand]
  ) throws {
    switch way {
    case .tiles, .planar, .scatter:
      return try convolutionBackwardKernel(geometry, inputs: inputs, outputs: outputs)
    case .channelwise: try channelwiseBackwardKernel(geometry, inputs: inputs, output: outputs[0])
    case .winograd2, .winograd4: try winogradBackwardKernel(geometry, inputs: inputs, output: outputs[0])
    }
    if epilogue.hasBias {
      let channels = geometry.outputChannels
      try reduce(
        .sum, .memory(UnsafePointer(inputs[1].floats)), outputs[1].floats, outer: 1,
        length: geometry.outputShape.count / max(1, channels), inner: channels)
    }
  }

  /// A forward convolution whose results are pooled while they are in the caches: some images at a time, but so many
  /// that preparing the kernel for each block of them does not count.
  private func pooledConvolution(
    _ way: ConvolutionWay, _ geometry: ConvolutionGeometry, _ epilogue: Epilogue,
    _ pooling: PoolingGeometry, inputs: [Operand], outputs: [Operand]
  ) throws {
    let shape = geometry.outputShape
    let image = shape.count / max(1, geometry.batch)
    let images = max(262_144, 4 * inputs[1].shape.count) / max(1, image)
    let block = min(geometry.batch, max(1, images))
    let results = try scratch(floats: block * image)
    var unpooled = epilogue
    unpooled.hasMaxPool = false
    var (part, partPooling) = (geometry, pooling)
    for first in stride(from: 0, to: geometry.batch, by: max(1, block)) {
      part.batch = min(block, geometry.batch - first)
      partPooling.batch = part.batch
      func slice(_ operand: Operand) -> Operand {
        operand.images(first..<first + part.batch, of: geometry.batch)
      }
      var operands = inputs
      operands[0] = slice(inputs[0])
      if epilogue.hasResidual { operands[operands.count - 1] = slice(inputs[inputs.count - 1]) }
      let y = Operand(results, byteOffset: 0, shape: part.outputShape, dtype: .float32)
      try convolution(way, .forward, part, unpooled, inputs: operands, outputs: [y])
      try self.pooling(.forward, partPooling, inputs: [y], outputs: outputs.map(slice))
    }
  }

  /// Forward and backward-data: every result is gathered from the source pixels that its lattice's taps reach.
  ///
  /// The kernel is brought into strips of filters first, [taps of a lattice][channels][strip]. A job then sends some
  /// blocks of twelve pixels of one lattice over some strips: as many taps and strips at a time as stay in the second
  /// cache.
  private func gatherConvolution(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: ResolvedEpilogue, inputs: [Operand],
    output: Operand
  ) throws {
    if pass == .backwardData, let joined = geometry.joiningColumns {
      let rows = try scratch(floats: 3 * joined.inputChannels)
      let epilogue = epilogue.repeated(
        geometry.kernel.width, channels: geometry.inputChannels, in: rows.floats)
      try gatherConvolution(pass, joined, epilogue, inputs: inputs, output: output)
      return withExtendedLifetime(rows) {}
    }
    var source = ConvolutionSource(pass, geometry, UnsafePointer(inputs[0].floats))
    if let task = StepConvolution(pass, geometry, source, epilogue, result: output.floats, kernels.matrix) {
      let packed = try packed(task.kernel, inputs[1])
      let frames = try scratch(floats: task.frameFloats * threads)
      let (weights, memory) = (UnsafePointer(packed.floats), frames.floats)
      parallel(task.jobs.count) { job, thread in
        task.run(task.jobs[job], weights, frame: memory + thread * task.frameFloats)
      }
      return withExtendedLifetime((packed, frames)) {}
    }
    let padded = try source.mergeWidth(pass, geometry, on: self)
    let task = GatherConvolution(
      pass, geometry, source, epilogue, result: output.floats, kernels.matrix)
    let depth = max(source.channels, task.kernel.depth)
    let zeros = try scratch(floats: depth + 64)
    zeros.floats.initialize(repeating: 0, count: depth)
    let packed = try packed(task.kernel, inputs[1])
    let tables = try task.tables(on: self)
    let jobs = task.makeJobs(tables)
    parallel(jobs.count) { (job: Int) in
      let work = jobs[job]
      task.run(work, tables[work.lattice], UnsafePointer(packed.floats), zeros: UnsafePointer(zeros.floats))
    }
    withExtendedLifetime((padded, zeros, packed, tables)) {}
  }
}

/// The array that is gathered from, and the lattices that say what from where.
struct ConvolutionSource {
  var pointer: UnsafePointer<Float>
  var extent: Extent
  var channels: Int
  var lattices: [Lattice]
  /// Kernel columns that are one tap, because their channels lie side by side in source and kernel.
  var mergedWidth = 1

  init(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ pointer: UnsafePointer<Float>) {
    self.pointer = pointer
    extent = pass == .backwardData ? geometry.output : geometry.input
    channels = pass == .backwardData ? geometry.outputChannels : geometry.inputChannels
    lattices = geometry.lattices(for: pass)
  }

  /// Makes the (kernel width, channels) of undilated windows over x one axis, if nothing is padded at the sides or
  /// the channels are so few that it pays to copy x with its padding; the copy is returned.
  mutating func mergeWidth(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, on device: CPUDevice
  ) throws -> CPUBuffer? {
    let width = geometry.kernel.width
    guard pass != .backwardData, geometry.groups == 1, width > 1, geometry.dilation.width == 1 else {
      return nil
    }
    let before = geometry.paddingBefore.width
    let needed = (geometry.output.width - 1) * geometry.strides.width + width
    let isPadded = before > 0 || needed > extent.width
    guard !isPadded || width * channels <= 64 else { return nil }
    mergeTaps(width)
    guard isPadded else { return nil }

    for tap in lattices[0].taps.indices { lattices[0].taps[tap].offset.width = 0 }
    let rows = geometry.batch * extent.depth * extent.height
    let copied = (min(extent.width, needed - before)) * channels
    let rowCount = needed * channels
    let rowStride = extent.width * channels
    let from = pointer
    let copy = try device.scratch(floats: rows * rowCount + 64)
    let to = copy.floats
    let parts = Parts(rows, smallest: max(1, 16384 / rowCount), limit: 256)
    device.parallel(parts.count) { (part: Int) in
      for row in parts[part] {
        let target = to + row * rowCount
        target.update(repeating: 0, count: rowCount)
        if copied > 0 { (target + before * channels).update(from: from + row * rowStride, count: copied) }
      }
    }
    pointer = UnsafePointer(to)
    extent.width = needed
    return copy
  }

  /// Makes one tap of each row of the kernel.
  mutating func mergeTaps(_ width: Int) {
    mergedWidth = width
    lattices[0].taps = lattices[0].taps.filter { $0.index % width == 0 }
    for tap in lattices[0].taps.indices { lattices[0].taps[tap].index /= width }
  }
}
