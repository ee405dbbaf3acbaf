import MartletCore
import MartletKernelTable

/// A convolution seen from its results, with its division into jobs, which depends on the sizes alone.
struct GatherConvolution {
  struct Job {
    var lattice: Int
    var group: Int
    var strips: Range<Int>
    /// Of twelve pixels.
    var blocks: Range<Int>
  }

  let pass: ConvolutionPass
  let geometry: ConvolutionGeometry
  let source: ConvolutionSource
  let epilogue: ResolvedEpilogue
  let result: UnsafeMutablePointer<Float>
  let resultExtent: Extent
  let resultChannels: Int
  let kernels: MatrixKernels
  /// Channels that one result is summed over at each tap, and filters, of one group.
  let depth: Int
  let columns: Int
  let strips: Strips
  /// Where each lattice's packed kernel begins.
  private let packedStarts: [Int]
  let packedCount: Int
  private let groups: Int

  init(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ source: ConvolutionSource,
    _ epilogue: ResolvedEpilogue, result: UnsafeMutablePointer<Float>,
    _ kernels: MatrixKernels
  ) {
    self.pass = pass
    self.geometry = geometry
    self.source = source
    self.epilogue = epilogue
    self.result = result
    self.kernels = kernels
    let isForward = pass == .forward
    resultExtent = isForward ? geometry.output : geometry.input
    resultChannels = isForward ? geometry.outputChannels : geometry.inputChannels
    let groups = geometry.groups
    depth = source.mergedWidth * source.channels / groups
    columns = resultChannels / groups
    strips = Strips(columns: columns, kernels)
    var start = 0
    var starts: [Int] = []
    for lattice in source.lattices {
      starts.append(start)
      start += lattice.taps.count * depth * groups * strips.paddedColumns
    }
    packedStarts = starts
    packedCount = start
    self.groups = groups
  }

  /// The division into jobs, which depends on the sizes alone.
  func makeJobs(_ tables: [LatticeTable]) -> [Job] {
    var jobs: [Job] = []
    for (index, lattice) in source.lattices.enumerated() {
      let blocks = tables[index].blocks
      guard blocks > 0 else { continue }
      let stripCost = max(1, lattice.taps.count) * depth * kernels.wide.width
      // Strips whose kernels stay in the second cache together; one at a time where there are few pixels to share.
      let together = blocks < 16 ? 1 : max(1, Self.cachedFloats / stripCost)
      let groupsOfStrips = Parts(strips.count, smallest: together, limit: strips.count)
      let blockCost = MatrixKernels.blockRows * stripCost * groupsOfStrips.size
      let parts = Parts(
        blocks, smallest: (1 << 21) / blockCost, limit: max(1, 96 / groupsOfStrips.count / groups))
      for group in 0..<groups {
        for strip in 0..<groupsOfStrips.count {
          for part in 0..<parts.count {
            jobs.append(Job(lattice: index, group: group, strips: groupsOfStrips[strip], blocks: parts[part]))
          }
        }
      }
    }
    return jobs
  }

  /// Half a mebibyte: half of the second cache of the processors that have wide vectors.
  private static let cachedFloats = 131_072

  // MARK: The kernel in strips

  var form: WeightForm {
    .strips(
      taps: source.lattices.map { $0.taps.map(\.index) }, isForward: pass == .forward,
      groups: geometry.groups, depth: depth, columns: columns)
  }

  var packingJobs: Int { source.lattices.count * geometry.groups * strips.count }

  func pack(_ job: Int, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    let each = packingJobs / source.lattices.count
    let taps = source.lattices[job / each].taps
    var to = packed + packedStarts[job / each]
    let group = job % each / strips.count
    let strip = strips[job % strips.count]
    let filters = geometry.outputChannels
    to += (group * strips.paddedColumns + strip.first) * taps.count * depth
    for tap in taps {
      if pass == .forward {
        kernels.packRows(
          weights + (tap.index * depth * filters + group * columns + strip.first), filters, depth,
          strip.columns,
          to, strip.tile.width)
      } else {
        kernels.packColumns(
          weights + ((tap.index * columns + strip.first) * filters + group * depth), filters, depth,
          strip.columns, to, strip.tile.width)
      }
      to += depth * strip.tile.width
    }
  }

  // MARK: Results

  /// The tables of all lattices, for `run`.
  func tables(on device: CPUDevice) throws -> [LatticeTable] {
    try source.lattices.map {
      try LatticeTable(
        $0, images: geometry.batch, source: source.extent, sourceChannels: source.channels,
        result: resultExtent,
        resultChannels: resultChannels, on: device)
    }
  }

  func run(_ job: Job, _ table: LatticeTable, _ packed: UnsafePointer<Float>, zeros: UnsafePointer<Float>) {
    let taps = table.taps
    let packed = packed + packedStarts[job.lattice]
    let tapsTogether = max(1, min(taps, Self.cachedFloats / (depth * kernels.wide.width)))
    let x = source.pointer + job.group * (source.channels / geometry.groups)
    let words = LatticeTable.Block.size(table) + MatrixKernels.blockRows * tapsTogether
    withUnsafeTemporaryAllocation(byteCount: words * 8, alignment: 64) { memory in
      var block = LatticeTable.Block(table, memory: memory.baseAddress!)
      let rows = (memory.baseAddress! + LatticeTable.Block.size(table) * 8)
        .assumingMemoryBound(to: UnsafePointer<Float>.self)
      var firstTap = 0
      repeat {
        let tapRange = firstTap..<min(taps, firstTap + tapsTogether)
        for number in job.blocks {
          table.locate(number, x, &block)
          block.fill(tapRange, table, zeros: zeros, kernels, rows)
          runStrips(job, block, tapRange, of: taps, packed, rows)
        }
        firstTap = tapRange.upperBound
      } while firstTap < taps
    }
  }

  @inline(__always)
  private func runStrips(
    _ job: Job, _ block: LatticeTable.Block, _ tapRange: Range<Int>, of taps: Int,
    _ packed: UnsafePointer<Float>, _ rows: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    for index in job.strips {
      let strip = strips[index]
      let start = (job.group * strips.paddedColumns + strip.first) * taps * depth
      let column = job.group * columns + strip.first
      let source = RowSource(
        rows: UnsafePointer(rows), taps: UnsafePointer(block.taps), tapCount: block.tapCount, depth: depth,
        b: packed + start, bStride: strip.tile.width)
      var tile = TileResult(
        c: result + column, offsets: UnsafePointer(block.offsets), columns: strip.columns,
        accumulates: tapRange.lowerBound > 0)
      if tapRange.upperBound == taps { epilogue.apply(to: &tile, column: column, element: column) }
      strip.tile.multiplyBlock(rows: block.count, source, tile)
    }
  }
}
