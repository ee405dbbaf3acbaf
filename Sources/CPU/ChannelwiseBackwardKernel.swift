import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// The kernel's gradient for groups narrower than a vector: dw[tap, plane, f] = Σ over batch and outputs of
  /// x[..., channel `plane` of f's group] * dy[..., f], with f along the lanes.
  ///
  /// The outputs are cut into units whose x and dy stay in the second cache, and these into shares, each with a dw of its
  /// own; the shares are summed in order.
  func channelwiseBackwardKernel(
    _ geometry: ConvolutionGeometry, inputs: [Operand], output: Operand
  ) throws {
    let source = ChannelwiseSource(
      .backwardKernel, geometry, UnsafePointer(inputs[0].floats), kernels.matrix)
    let task = ChannelwiseKernelGradient(geometry, source, dy: UnsafePointer(inputs[1].floats))
    let count = geometry.kernelShape.count
    let shares = task.shares.count
    let partial = try scratch(floats: shares > 1 ? shares * count : 16)
    let memory = try scratch(floats: task.memoryCount * threads)
    let target = shares > 1 ? partial.floats : output.floats
    if shares == 0 { output.floats.update(repeating: 0, count: count) }
    let spread = memory.floats
    parallel(task.jobs) { job, thread in
      task.run(job, target + job / task.stripParts * count, spread + thread * task.memoryCount)
    }
    if shares > 1 {
      let parts = Parts(count, unit: kernels.matrix.lanes, smallest: 4096, limit: 64)
      parallel(parts.count) { (part: Int) in
        let range = parts[part]
        kernels.matrix.sum(
          UnsafePointer(target) + range.lowerBound, count, shares, range.count,
          output.floats + range.lowerBound)
      }
    }
    withExtendedLifetime((partial, memory)) {}
  }
}

/// The division of a kernel's gradient into units, shares and jobs, which depends on the sizes alone.
private struct ChannelwiseKernelGradient {
  let geometry: ConvolutionGeometry
  let source: ChannelwiseSource
  let dy: UnsafePointer<Float>
  let lattice: Lattice
  let reach: LatticeReach
  let boxes: [LatticeBox]
  let strips: Strips
  /// Images and output rows of a unit.
  let images: Parts
  let heights: Parts
  /// Of the units.
  let shares: Parts
  let memoryCount: Int

  init(_ geometry: ConvolutionGeometry, _ source: ChannelwiseSource, dy: UnsafePointer<Float>) {
    self.geometry = geometry
    self.source = source
    self.dy = dy
    lattice = geometry.lattices(for: .backwardKernel)[0]
    reach = LatticeReach(lattice)
    boxes = lattice.boxes(in: source.extent).filter { !$0.taps.isEmpty }
    strips = Strips(columns: source.columns, source.kernels)
    let depths = min(source.extent.depth, reach[0])
    let width = source.isSpread ? source.kernels.wide.width : source.columns
    // Floats that a row of outputs reads: its own, and its rows of the source.
    let row =
      geometry.output.width * width
      + geometry.strides.height * geometry.input.width * source.planes * width * depths
    let fitting = max(1, 131_072 / max(1, row) - (source.isSpread ? reach[1] : 0))
    let height = geometry.output.height
    images = Parts(
      geometry.batch, smallest: max(1, fitting / max(1, height)), limit: max(1, geometry.batch))
    heights = Parts(height, smallest: images.size > 1 ? height : fitting, limit: max(1, height))
    shares = Parts(images.count * heights.count, smallest: 1, limit: 16)
    memoryCount = source.spreadCount(
      images: images.size, depths: depths,
      rows: min(source.extent.height, (heights.size - 1) * geometry.strides.height + reach[1]))
  }

  /// Spread channels belong to one strip.
  var stripParts: Int { source.isSpread ? strips.count : 1 }
  var jobs: Int { shares.count * stripParts }

  func run(_ job: Int, _ dw: UnsafeMutablePointer<Float>, _ memory: UnsafeMutablePointer<Float>) {
    let part = job % stripParts
    let stripRange = source.isSpread ? part..<part + 1 : 0..<strips.count
    let first = strips[stripRange.lowerBound].first
    let last = strips[stripRange.upperBound - 1]
    let most = lattice.taps.count * source.planes
    for row in 0..<most {
      (dw + (row * source.columns + first)).update(repeating: 0, count: last.first + last.columns - first)
    }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * most) { offsets in
      guard let aOffsets = offsets.baseAddress else { return }
      for unit in shares[job / stripParts] {
        let imageRange = images[unit / heights.count]
        let rows = heights[unit % heights.count]
        for depth in 0..<geometry.output.depth {
          let region = ChannelwiseSource.Region(
            images: imageRange, depths: reach.positions(0, depth..<depth + 1, in: source.extent),
            rows: reach.positions(1, rows, in: source.extent))
          let view = source.view(region, strips[stripRange.lowerBound], memory)
          for box in boxes where box.depths.contains(depth) {
            let rows = box.rows.clamped(to: rows)
            guard !rows.isEmpty else { continue }
            source.writeOffsets(box.taps, view, aOffsets, aOffsets + most)
            for index in stripRange {
              addBox(
                box, imageRange, depth, rows, view, strips[index], from: first, aOffsets, aOffsets + most, dw)
            }
          }
        }
      }
    }
  }

  /// Adds the products of a box of outputs to the rows of dw of all its taps.
  private func addBox(
    _ box: LatticeBox, _ images: Range<Int>, _ depth: Int, _ rows: Range<Int>, _ view: ChannelwiseSource.View,
    _ strip: Strips.Strip, from first: Int, _ aOffsets: UnsafeMutablePointer<Int>,
    _ dwOffsets: UnsafeMutablePointer<Int>, _ dw: UnsafeMutablePointer<Float>
  ) {
    let y = geometry.output
    let channels = source.columns
    let strides = geometry.strides
    let x =
      images.lowerBound * view.image + depth * strides.depth * view.depth
      + rows.lowerBound * strides.height * view.row + box.columns.lowerBound * strides.width * view.pixel
    let pixel =
      ((images.lowerBound * y.depth + depth) * y.height + rows.lowerBound) * y.width
      + box.columns.lowerBound
    var products = OuterSource(
      a: view.origin + (x + strip.first - first), b: dy + (pixel * channels + strip.first),
      count: (images.count, rows.count, box.columns.count),
      aSteps: (view.image, strides.height * view.row, strides.width * view.pixel),
      bSteps: (y.count * channels, y.width * channels, channels))
    var tile = TileResult(
      c: dw + strip.first, offsets: UnsafePointer(dwOffsets), columns: strip.columns, accumulates: true)
    var aOffsets = aOffsets
    var left = box.taps.count * source.planes
    while left > 0 {
      let done = source.kernels.addChannelProducts(
        strip.tile.width / source.kernels.lanes, left, &products, aOffsets, &tile)
      aOffsets += done
      tile.offsets += done
      left -= done
    }
  }
}
