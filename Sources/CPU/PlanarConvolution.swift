import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// Forward and backward-data of few channels and few filters, whose results would leave most of a vector empty:
  /// neighbouring results of a row lie along the lanes instead, and a tile is some filters high.
  ///
  ///     y[f, w] = Σ over rows of the kernel, channels, t of  kernel[f, t] * x[w + t]
  ///
  /// That is the usual tile with factors exchanged: its rows are filters, and the strip that it multiplies them with is x
  /// itself, of which each step reads the part that begins one element further on. For that, x is sorted into rows
  /// of one channel each, with their padding.
  func planarConvolution(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: ResolvedEpilogue, inputs: [Operand],
    output: Operand
  ) throws {
    var task = PlanarConvolution(pass, geometry, kernels, result: output.floats)
    let planes = try task.bringIntoPlanes(UnsafePointer(inputs[0].floats), on: self)
    let packed = try scratch(floats: task.packedCount + 16)
    task.pack(UnsafePointer(inputs[1].floats), into: packed.floats)
    let rows = try RowEpilogue(epilogue, channels: task.filters, on: self)
    let work = task
    let weights = UnsafePointer(packed.floats)
    parallel(work.jobs) { (job: Int) in work.run(job, weights, rows) }
    withExtendedLifetime((planes, packed, rows)) {}
  }
}

/// The division of a planar convolution into jobs, which depends on the sizes alone.
struct PlanarConvolution {
  let pass: ConvolutionPass
  let geometry: ConvolutionGeometry
  let kernels: KernelTable
  let lattice: Lattice
  let sourceExtent: Extent
  let resultExtent: Extent
  let channels: Int
  let filters: Int
  let result: UnsafeMutablePointer<Float>
  /// Taps of one row of the kernel, the first one's position in x, and the distance to the next.
  private let width: Int
  private let first: Int
  private let step: Int
  /// Floats of one channel's row, and of them the padding at its beginning.
  private let rowLength: Int
  private let before: Int
  private let isCopied: Bool
  private var source: UnsafePointer<Float>
  private let rowParts: Parts
  private let columnParts: Parts

  /// One lattice with neighbouring points, few channels on both sides, and rows at least as long as a vector.
  static func suits(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, lanes: Int) -> Bool {
    let isBackward = pass == .backwardData
    let result = isBackward ? geometry.input : geometry.output
    let (few, many) = (
      isBackward ? geometry.inputChannels : geometry.outputChannels,
      isBackward ? geometry.outputChannels : geometry.inputChannels
    )
    return pass != .backwardKernel && geometry.groups == 1 && 2 * few <= lanes && many <= 4
      && geometry.strides.width == 1 && (!isBackward || geometry.strides == Extent(repeating: 1))
      && result.width >= lanes
  }

  init(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ kernels: KernelTable,
    result: UnsafeMutablePointer<Float>
  ) {
    let isBackward = pass == .backwardData
    self.pass = pass
    self.geometry = geometry
    self.kernels = kernels
    self.result = result
    lattice = geometry.lattices(for: pass)[0]
    sourceExtent = isBackward ? geometry.output : geometry.input
    resultExtent = isBackward ? geometry.input : geometry.output
    channels = isBackward ? geometry.outputChannels : geometry.inputChannels
    filters = isBackward ? geometry.inputChannels : geometry.outputChannels
    width = geometry.kernel.width
    let offsets = lattice.taps.map { $0.offset.width }
    first = offsets[0]
    step = isBackward ? -geometry.dilation.width : geometry.dilation.width
    before = max(0, -(offsets.min() ?? 0))
    let after = max(sourceExtent.width, resultExtent.width + (offsets.max() ?? 0))
    isCopied = channels > 1 || before > 0 || after > sourceExtent.width
    rowLength = isCopied ? (before + after + 31) / 16 * 16 : sourceExtent.width
    source = UnsafePointer(bitPattern: 8)!
    let cost = geometry.kernel.count * channels * filters
    columnParts = Parts(resultExtent.width, unit: 64, smallest: max(1024, (1 << 18) / max(1, cost)))
    rowParts = Parts(
      geometry.batch * resultExtent.depth * resultExtent.height,
      smallest: max(1, (1 << 18) / max(1, cost * min(columnParts.size, resultExtent.width))), limit: 256)
  }

  var jobs: Int { rowParts.count * columnParts.count }

  // MARK: Factors

  /// Sorts x into rows of one channel, unless it consists of such rows that need no padding.
  mutating func bringIntoPlanes(_ x: UnsafePointer<Float>, on device: CPUDevice) throws -> CPUBuffer? {
    source = x
    guard isCopied else { return nil }
    let rows = geometry.batch * sourceExtent.depth * sourceExtent.height
    let planes = try device.scratch(floats: rows * channels * rowLength + 64)
    let to = planes.floats
    let (channels, length, width) = (channels, rowLength, sourceExtent.width)
    let (before, transpose) = (before, kernels.elements.transposeRows)
    let parts = Parts(rows, smallest: max(1, 32768 / (channels * length)), limit: 256)
    device.parallel(parts.count) { (part: Int) in
      for row in parts[part] {
        let target = to + row * channels * length
        for channel in 0..<channels {
          (target + channel * length).update(repeating: 0, count: before)
          (target + (channel * length + before + width)).update(repeating: 0, count: length - before - width)
        }
        let from = x + row * channels * width
        if channels == 1 {
          (target + before).update(from: from, count: width)
        } else {
          transpose(from, channels, width, channels, target + before, length)
        }
      }
    }
    source = UnsafePointer(to)
    return planes
  }

  var packedCount: Int { geometry.kernel.count * channels * filters }

  /// The kernel as [filters][rows of the kernel][channels][taps of a row].
  func pack(_ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    let rows = geometry.kernel.count / width
    let isBackward = pass == .backwardData
    var to = packed
    for filter in 0..<filters {
      for row in 0..<rows {
        for channel in 0..<channels {
          for tap in row * width..<(row + 1) * width {
            let at =
              isBackward
              ? (tap * filters + filter) * channels + channel : (tap * channels + channel) * filters + filter
            to.pointee = weights[at]
            to += 1
          }
        }
      }
    }
  }

  // MARK: Results

  func run(_ job: Int, _ weights: UnsafePointer<Float>, _ epilogue: RowEpilogue) {
    let columns = columnParts[job % columnParts.count]
    let rows = rowParts[job / columnParts.count]
    let most = geometry.kernel.count / width * channels
    let block = MatrixKernels.blockRows
    let floats = filters > 1 ? filters * columnParts.size + 16 : 16
    withUnsafeTemporaryAllocation(of: Float.self, capacity: floats) { planes in
      withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: block * most) { pointers in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: most + block) { offsets in
          for row in rows {
            runRow(
              row, columns, weights, planes.baseAddress!, pointers.baseAddress!, offsets.baseAddress!)
            epilogue.apply(
              to: result, from: (row * resultExtent.width + columns.lowerBound) * filters,
              count: columns.count * filters, kernels.matrix)
          }
        }
      }
    }
  }

  /// Some columns of a row of results.
  private func runRow(
    _ row: Int, _ columns: Range<Int>, _ weights: UnsafePointer<Float>,
    _ planes: UnsafeMutablePointer<Float>, _ pointers: UnsafeMutablePointer<UnsafePointer<Float>>,
    _ offsets: UnsafeMutablePointer<Int>
  ) {
    let block = MatrixKernels.blockRows
    let h = row % resultExtent.height
    let d = row / resultExtent.height % resultExtent.depth
    let image = row / (resultExtent.height * resultExtent.depth)
    // Rows of the kernel whose row of x exists: where they find it, and their weights for every filter.
    let sourceOffsets = offsets + block
    let rowTaps = geometry.kernel.count / width
    var found = 0
    for tap in 0..<rowTaps {
      let offset = lattice.taps[tap * width].offset
      let depth = d * lattice.sourceStep.depth + offset.depth
      let height = h * lattice.sourceStep.height + offset.height
      guard depth >= 0, depth < sourceExtent.depth, height >= 0, height < sourceExtent.height else {
        continue
      }
      let line = (image * sourceExtent.depth + depth) * sourceExtent.height + height
      for channel in 0..<channels {
        sourceOffsets[found] =
          (line * channels + channel) * rowLength + (isCopied ? before : 0) + first + columns.lowerBound
        for filter in 0..<block {
          pointers[found * block + filter] =
            weights + ((min(filter, filters - 1) * rowTaps + tap) * channels + channel) * width
        }
        found += 1
      }
    }
    let results = result + (row * resultExtent.width + columns.lowerBound) * filters
    let target = filters > 1 ? planes : results
    for filter in 0..<filters { offsets[filter] = filter * columns.count }
    var at = 0
    while at < columns.count {
      let left = columns.count - at
      let tile =
        left >= kernels.matrix.wide.width
        ? kernels.matrix.wide
        : left >= kernels.matrix.narrow.width ? kernels.matrix.narrow : kernels.matrix.single
      tile.multiplyBlock(
        rows: filters,
        RowSource(
          rows: UnsafePointer(pointers), taps: UnsafePointer(sourceOffsets), tapCount: found, depth: width,
          b: source + at, bStride: step, tapStride: 1),
        TileResult(c: target + at, offsets: UnsafePointer(offsets), columns: min(left, tile.width)))
      at += tile.width
    }
    if filters > 1 {
      kernels.elements.transposeRows(
        UnsafePointer(planes), columns.count, filters, columns.count, results, filters)
    }
  }
}
