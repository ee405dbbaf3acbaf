import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// Backward-data, and forward with strides of one, to few channels from many: the gradient of an image, a transposed
  /// convolution to one. A tile of results would be mostly empty, one of products for all taps is not:
  ///
  ///     columns[pixel, (tap, f)] = Σ_c source[pixel, c] * kernel[tap, c, f]
  ///     result[where pixel's tap goes, f] += columns[pixel, (tap, f)]
  ///
  /// The additions are few, because there are many channels; a row of the kernel is a run of them.
  func scatterConvolution(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: ResolvedEpilogue, inputs: [Operand],
    output: Operand
  ) throws {
    let task = ScatterConvolution(
      pass, geometry, kernels.matrix, source: UnsafePointer(inputs[0].floats), result: output.floats)
    let packed = try scratch(floats: task.strips.paddedColumns * task.depth + 16)
    try task.pack(UnsafePointer(inputs[1].floats), into: packed.floats, on: self)
    let memory = try scratch(floats: task.memoryCount * threads)
    let rows = try RowEpilogue(epilogue, channels: task.filters, on: self)
    let (weights, columns) = (UnsafePointer(packed.floats), memory.floats)
    parallel(task.jobs) { job, thread in
      task.run(job, weights, columns + thread * task.memoryCount, rows)
    }
    withExtendedLifetime((packed, memory, rows)) {}
  }
}

/// The division of a scatter convolution into jobs, which depends on the sizes alone: bands of rows of the result.
struct ScatterConvolution {
  let pass: ConvolutionPass
  let geometry: ConvolutionGeometry
  let kernels: MatrixKernels
  let source: UnsafePointer<Float>
  let result: UnsafeMutablePointer<Float>
  let sourceExtent: Extent
  let resultExtent: Extent
  /// Channels of the source and of the result.
  let depth: Int
  let filters: Int
  let strips: Strips
  /// Neighbouring taps of a row that are added together, because their results lie side by side.
  private let together: Int
  private let bands: Parts

  /// Whether the products of whole tiles and their additions cost less than tiles of results with empty columns.
  static func suits(_ pass: ConvolutionPass, _ g: ConvolutionGeometry, lanes: Int) -> Bool {
    guard g.groups == 1, pass == .backwardData || pass == .forward && g.strides == Extent(repeating: 1)
    else { return false }
    let filters = pass == .backwardData ? g.inputChannels : g.outputChannels
    let depth = pass == .backwardData ? g.outputChannels : g.inputChannels
    guard filters < lanes else { return false }
    let taps = g.kernel.count
    let run = (g.dilation.width == 1 ? g.kernel.width : 1) * filters
    let vectors = (taps * filters + lanes - 1) / lanes
    let additions = taps * filters / run * ((run + lanes - 1) / lanes * 6 + 4)
    return depth * vectors + additions < depth * taps * 4 / 5
  }

  init(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ kernels: MatrixKernels,
    source: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>
  ) {
    let isBackward = pass == .backwardData
    self.pass = pass
    self.geometry = geometry
    self.kernels = kernels
    self.source = source
    self.result = result
    sourceExtent = isBackward ? geometry.output : geometry.input
    resultExtent = isBackward ? geometry.input : geometry.output
    depth = isBackward ? geometry.outputChannels : geometry.inputChannels
    filters = isBackward ? geometry.inputChannels : geometry.outputChannels
    strips = Strips(columns: geometry.kernel.count * filters, kernels)
    together = geometry.dilation.width == 1 ? geometry.kernel.width : 1
    // The source rows at the edges of a band are multiplied for its neighbour again, so bands are high.
    let reach = (geometry.kernel.height - 1) * geometry.dilation.height + 1
    let wanted = max(1, 8 / max(1, geometry.batch))
    bands = Parts(
      resultExtent.height, smallest: max(4 * reach, (resultExtent.height + wanted - 1) / wanted))
  }

  var jobs: Int { geometry.batch * bands.count }
  /// Floats of memory for a thread: the columns of a block of pixels.
  var memoryCount: Int { MatrixKernels.blockRows * strips.paddedColumns }

  /// Along an axis, pixel p's tap t goes to p * scale + shift + t * dilation, with the taps of forward back to front.
  private func shift(_ axis: Int) -> Int {
    pass == .backwardData
      ? -geometry.paddingBefore[axis]
      : geometry.paddingBefore[axis] - (geometry.kernel[axis] - 1) * geometry.dilation[axis]
  }
  private func scale(_ axis: Int) -> Int { pass == .backwardData ? geometry.strides[axis] : 1 }

  /// The kernel in strips, a column for each tap and filter.
  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, on device: CPUDevice
  ) throws {
    let columns = geometry.kernel.count * filters
    // Of backward-data the kernel lies by columns already; of forward its taps are turned back to front.
    let turned = try device.scratch(floats: pass == .forward ? columns * depth + 16 : 16)
    if pass == .forward {
      let taps = geometry.kernel.count
      for tap in 0..<taps {
        for k in 0..<depth {
          (turned.floats + (k * columns + tap * filters))
            .update(from: weights + ((taps - 1 - tap) * depth + k) * filters, count: filters)
        }
      }
    }
    for index in 0..<strips.count {
      let strip = strips[index]
      let to = packed + strip.first * depth
      if pass == .forward {
        kernels.packRows(
          UnsafePointer(turned.floats) + strip.first, columns, depth, strip.columns, to, strip.tile.width)
      } else {
        kernels.packColumns(
          weights + strip.first * depth, depth, depth, strip.columns, to, strip.tile.width)
      }
    }
    withExtendedLifetime(turned) {}
  }

  func run(
    _ job: Int, _ weights: UnsafePointer<Float>, _ columns: UnsafeMutablePointer<Float>,
    _ epilogue: RowEpilogue
  ) {
    let image = job / bands.count
    let rows = bands[job % bands.count]
    let lineFloats = resultExtent.width * filters
    func start(_ slice: Int) -> Int {
      ((image * resultExtent.depth + slice) * resultExtent.height + rows.lowerBound) * lineFloats
    }
    for slice in 0..<resultExtent.depth {
      (result + start(slice)).update(repeating: 0, count: rows.count * lineFloats)
    }
    let runs = geometry.kernel.count / together
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * runs) { offsets in
      for slice in 0..<sourceExtent.depth {
        for row in 0..<sourceExtent.height {
          let count = findRuns(image, slice, row, rows, offsets.baseAddress!, offsets.baseAddress! + runs)
          guard count > 0 else { continue }
          let line = ((image * sourceExtent.depth + slice) * sourceExtent.height + row) * sourceExtent.width
          let found = ScatterRuns(
            fromStride: strips.paddedColumns, fromOffsets: UnsafePointer(offsets.baseAddress!),
            toOffsets: UnsafePointer(offsets.baseAddress! + runs), runs: count,
            toStep: scale(2) * filters, count: together * filters)
          for first in stride(from: 0, to: sourceExtent.width, by: MatrixKernels.blockRows) {
            let pixels = min(MatrixKernels.blockRows, sourceExtent.width - first)
            multiply(source + (line + first) * depth, pixels, weights, columns)
            scatter(first, pixels, UnsafePointer(columns), found)
          }
        }
      }
    }
    for slice in 0..<resultExtent.depth {
      epilogue.apply(to: result, from: start(slice), count: rows.count * lineFloats, kernels)
    }
  }

  /// The runs of a source row that reach the band: where they stand among the columns of a pixel, and where those of
  /// a pixel 0 go in the result. How many there are.
  private func findRuns(
    _ image: Int, _ slice: Int, _ row: Int, _ rows: Range<Int>, _ from: UnsafeMutablePointer<Int>,
    _ to: UnsafeMutablePointer<Int>
  ) -> Int {
    let kernel = geometry.kernel
    var count = 0
    for d in 0..<kernel.depth {
      let depth = slice * scale(0) + shift(0) + d * geometry.dilation.depth
      guard depth >= 0, depth < resultExtent.depth else { continue }
      for h in 0..<kernel.height {
        let height = row * scale(1) + shift(1) + h * geometry.dilation.height
        guard rows.contains(height) else { continue }
        let line =
          ((image * resultExtent.depth + depth) * resultExtent.height + height) * resultExtent.width
        for w in stride(from: 0, to: kernel.width, by: together) {
          from[count] = ((d * kernel.height + h) * kernel.width + w) * filters
          to[count] = (line + shift(2) + w * geometry.dilation.width) * filters
          count += 1
        }
      }
    }
    return count
  }

  /// The columns of a block of pixels.
  private func multiply(
    _ pixels: UnsafePointer<Float>, _ count: Int, _ weights: UnsafePointer<Float>,
    _ columns: UnsafeMutablePointer<Float>
  ) {
    let block = MatrixKernels.blockRows
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: block) { rows in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: block + 1) { offsets in
        for m in 0..<block {
          rows[m] = pixels + min(m, count - 1) * depth
          offsets[m] = m * strips.paddedColumns
        }
        offsets[block] = 0
        for index in 0..<strips.count {
          let strip = strips[index]
          strip.tile.multiplyBlock(
            rows: count,
            RowSource(
              rows: UnsafePointer(rows.baseAddress!), taps: UnsafePointer(offsets.baseAddress! + block),
              tapCount: 1, depth: depth, b: weights + strip.first * depth, bStride: strip.tile.width),
            TileResult(
              c: columns + strip.first, offsets: UnsafePointer(offsets.baseAddress!),
              columns: strip.tile.width))
        }
      }
    }
  }

  /// Adds the columns of a block of pixels to the result, those at the sides tap by tap.
  private func scatter(_ first: Int, _ count: Int, _ columns: UnsafePointer<Float>, _ runs: ScatterRuns) {
    var runs = runs
    let reach = (geometry.kernel.width - 1) * geometry.dilation.width
    func isInside(_ m: Int) -> Bool {
      let at = (first + m) * scale(2) + shift(2)
      return at >= 0 && at + reach < resultExtent.width
    }
    var m = 0
    while m < count {
      var end = m
      while end < count && isInside(end) { end += 1 }
      if end > m {
        kernels.scatterRuns(
          columns + m * runs.fromStride, end - m, &runs, result + (first + m) * runs.toStep)
        m = end
        continue
      }
      for run in 0..<runs.runs {
        let tap = runs.fromOffsets[run] / filters % geometry.kernel.width
        for i in 0..<together {
          let at = (first + m) * scale(2) + shift(2) + (tap + i) * geometry.dilation.width
          guard at >= 0, at < resultExtent.width else { continue }
          let from = columns + (m * runs.fromStride + runs.fromOffsets[run] + i * filters)
          let to = result + ((first + m) * runs.toStep + runs.toOffsets[run] + i * filters)
          for f in 0..<filters { to[f] += from[f] }
        }
      }
      m += 1
    }
  }
}
