import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// dw[t, c, f] = Σ over batch and outputs of x[n, o * stride - padding + t * dilation, c] * dy[n, o, f], and where a
  /// second output is wanted the gradient of the bias, db[f] = Σ over batch and outputs of dy[n, o, f].
  ///
  /// Outer products straight on x and dy, over the outputs whose tap lies inside x. The outputs are cut into units
  /// whose x and dy stay in the second cache. Where dw is small, each of a fixed number of shares of the units has a
  /// dw of its own, and these are summed in order; where it is large, each job has a part of dw and does all units.
  func convolutionBackwardKernel(
    _ geometry: ConvolutionGeometry, inputs: [Operand], outputs: [Operand]
  ) throws {
    var source = ConvolutionSource(.backwardKernel, geometry, UnsafePointer(inputs[0].floats))
    let padded = try source.mergeWidth(.backwardKernel, geometry, on: self)
    let task = KernelGradient(geometry, source, dy: UnsafePointer(inputs[1].floats), kernels.matrix)
    let count = task.resultCount
    let bias = outputs.count > 1 ? outputs[1].floats : nil
    // The sums of a share: of the kernel, and behind them of the bias.
    let distance = count + (bias == nil ? 0 : geometry.outputChannels)
    let partial = try scratch(floats: task.shares > 1 ? task.shares * distance : 16)
    let target = task.shares > 1 ? partial.floats : outputs[0].floats
    let biasTarget = bias.map { task.shares > 1 ? partial.floats + count : $0 }
    parallel(task.shares * task.jobs) { (job: Int) in
      let share = job / task.jobs
      let units = task.shareParts[share]
      task.run(job % task.jobs, units, target + share * distance)
      if job % task.jobs == 0, let biasTarget {
        sumBias(task, units, into: biasTarget + share * distance)
      }
    }
    if task.shares > 1 {
      let parts = Parts(count, unit: kernels.matrix.lanes, smallest: 4096, limit: 64)
      let sums = UnsafePointer(partial.floats)
      let result = outputs[0].floats
      parallel(parts.count) { (part: Int) in
        let range = parts[part]
        kernels.matrix.sum(
          sums + range.lowerBound, distance, task.shares, range.count, result + range.lowerBound)
      }
      if let bias { kernels.matrix.sum(sums + count, distance, task.shares, geometry.outputChannels, bias) }
    }
    withExtendedLifetime((padded, partial)) {}
  }

  /// The sums of some units' dy, which these have just read.
  private func sumBias(_ task: KernelGradient, _ units: Range<Int>, into sums: UnsafeMutablePointer<Float>) {
    let channels = task.geometry.outputChannels
    sums.update(repeating: 0, count: channels)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { memory in
      guard let part = memory.baseAddress else { return }
      for unit in units {
        task.forEachBlock(unit) { first, rows in
          reduceColumns(.sum, task.dy + first * channels, part, rows: rows, columns: channels)
          for channel in 0..<channels { sums[channel] += part[channel] }
        }
      }
    }
  }
}

/// The division of a kernel gradient into units, shares and jobs, which depends on the sizes alone.
private struct KernelGradient {
  let geometry: ConvolutionGeometry
  let source: ConvolutionSource
  let dy: UnsafePointer<Float>
  let kernels: MatrixKernels
  let strips: Strips
  /// Rows of dw at each tap of a group: channels, or kernel columns and channels merged.
  let rows: Int
  /// Images and output rows of a unit.
  let images: Parts
  let heights: Parts
  let shareParts: Parts
  let rowParts: Parts
  let stripParts: Int

  init(
    _ geometry: ConvolutionGeometry, _ source: ConvolutionSource, dy: UnsafePointer<Float>,
    _ kernels: MatrixKernels
  ) {
    self.geometry = geometry
    self.source = source
    self.dy = dy
    self.kernels = kernels
    strips = Strips(columns: geometry.outputChannelsPerGroup, kernels)
    rows = geometry.inputChannelsPerGroup * source.mergedWidth
    let image = source.extent.count * source.channels + geometry.output.count * geometry.outputChannels
    let cached = 98_304
    images = Parts(geometry.batch, smallest: max(1, cached / max(1, image)), limit: max(1, geometry.batch))
    let perRow = max(1, image / max(1, geometry.output.height))
    heights =
      images.size > 1
      ? Parts(geometry.output.height, smallest: geometry.output.height, limit: 1)
      : Parts(geometry.output.height, smallest: max(1, cached / perRow), limit: geometry.output.height)
    let units = images.count * heights.count
    let dwCount = geometry.kernelShape.count
    // Shares cost memory and a final sum: as many as a few times the gradient's own size allow.
    let shares = min(16, units, max(1, (1 << 20) / max(1, dwCount)))
    shareParts = Parts(units, smallest: 1, limit: max(1, shares))
    let isWhole = shareParts.count >= 8
    rowParts = Parts(rows, unit: MatrixKernels.blockRows, smallest: isWhole ? rows : 48, limit: 64)
    stripParts = isWhole ? 1 : max(1, strips.count)
  }

  var resultCount: Int { geometry.kernelShape.count }
  var shares: Int { max(1, shareParts.count) }
  var jobs: Int { geometry.groups * rowParts.count * stripParts }

  func run(_ job: Int, _ units: Range<Int>, _ dw: UnsafeMutablePointer<Float>) {
    let stripRange = stripParts == 1 ? 0..<strips.count : job % stripParts..<job % stripParts + 1
    let rowRange = rowParts[job / stripParts % rowParts.count]
    let group = job / stripParts / rowParts.count
    withUnsafeTemporaryAllocation(of: Int.self, capacity: MatrixKernels.blockRows) { offsets in
      for tap in source.lattices[0].taps { clear(tap.index, rowRange, group, stripRange, dw) }
      for unit in units {
        for tap in source.lattices[0].taps {
          for first in stride(from: rowRange.lowerBound, to: rowRange.upperBound, by: MatrixKernels.blockRows)
          {
            let count = min(MatrixKernels.blockRows, rowRange.upperBound - first)
            for m in 0..<count { offsets[m] = (tap.index * rows + first + m) * geometry.outputChannels }
            for strip in stripRange {
              addUnit(unit, tap, row: first, count, group, strips[strip], offsets.baseAddress!, dw)
            }
          }
        }
      }
    }
  }

  private func clear(
    _ tap: Int, _ rowRange: Range<Int>, _ group: Int, _ stripRange: Range<Int>,
    _ dw: UnsafeMutablePointer<Float>
  ) {
    let from = strips[stripRange.lowerBound].first
    let last = strips[stripRange.upperBound - 1]
    for m in rowRange {
      let column = group * geometry.outputChannelsPerGroup + from
      (dw + (tap * rows + m) * geometry.outputChannels + column)
        .update(repeating: 0, count: last.first + last.columns - from)
    }
  }

  /// Adds the products of one unit to up to twelve rows of one strip.
  private func addUnit(
    _ unit: Int, _ tap: Lattice.Tap, row: Int, _ count: Int, _ group: Int, _ strip: Strips.Strip,
    _ offsets: UnsafePointer<Int>, _ dw: UnsafeMutablePointer<Float>
  ) {
    forEachBox(unit, tap) { x, y, box in
      let column = group * geometry.outputChannelsPerGroup + strip.first
      let xChannels = source.channels
      let source = OuterSource(
        a: self.source.pointer + (x * xChannels + group * geometry.inputChannelsPerGroup + row),
        b: dy + (y * geometry.outputChannels + column), count: box,
        aSteps: (
          self.source.extent.count * xChannels,
          geometry.strides.height * self.source.extent.width * xChannels, geometry.strides.width * xChannels
        ),
        bSteps: (
          geometry.output.count * geometry.outputChannels, geometry.output.width * geometry.outputChannels,
          geometry.outputChannels
        ))
      strip.tile.outerBlock(
        rows: count, source,
        TileResult(c: dw + column, offsets: offsets, columns: strip.columns, accumulates: true))
    }
  }

  /// The outputs of a unit, as stretches of pixels that lie one after another: the first one's number, and how many.
  func forEachBlock(_ unit: Int, _ body: (Int, Int) -> Void) {
    let imageRange = images[unit / heights.count]
    let rows = heights[unit % heights.count]
    let output = geometry.output
    if rows.count == output.height {
      body(imageRange.lowerBound * output.count, imageRange.count * output.count)
      return
    }
    for slice in imageRange.lowerBound * output.depth..<imageRange.upperBound * output.depth {
      body((slice * output.height + rows.lowerBound) * output.width, rows.count * output.width)
    }
  }

  /// The outputs of a unit whose tap lies inside x, as boxes of images, rows and columns: the pixel numbers where x
  /// and dy begin, and the sizes.
  private func forEachBox(_ unit: Int, _ tap: Lattice.Tap, _ body: (Int, Int, OuterSource.Steps) -> Void) {
    let imageRange = images[unit / heights.count]
    let depths = valid(0, tap, 0..<geometry.output.depth)
    let rows = valid(1, tap, heights[unit % heights.count])
    let columns = valid(2, tap, 0..<geometry.output.width)
    guard !rows.isEmpty, !columns.isEmpty else { return }
    let x = source.extent
    let y = geometry.output
    for d in depths {
      let xDepth = imageRange.lowerBound * x.depth + d * geometry.strides.depth + tap.offset.depth
      let xRow = xDepth * x.height + rows.lowerBound * geometry.strides.height + tap.offset.height
      let yRow = (imageRange.lowerBound * y.depth + d) * y.height + rows.lowerBound
      body(
        xRow * x.width + columns.lowerBound * geometry.strides.width + tap.offset.width,
        yRow * y.width + columns.lowerBound, (imageRange.count, rows.count, columns.count))
    }
  }

  /// The outputs o of a range with 0 <= o * stride + offset < size along an axis.
  private func valid(_ axis: Int, _ tap: Lattice.Tap, _ range: Range<Int>) -> Range<Int> {
    let stride = geometry.strides[axis]
    let offset = tap.offset[axis]
    let lower = max(range.lowerBound, offset >= 0 ? 0 : (stride - 1 - offset) / stride)
    let last = source.extent[axis] - 1 - offset
    let upper = min(range.upperBound, last < 0 ? 0 : last / stride + 1)
    return lower..<max(lower, upper)
  }
}
