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
  let kernel: KernelStrips

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
    kernel = KernelStrips(pass, geometry, source, kernels)
  }

  /// The division into jobs, which depends on the sizes alone.
  func makeJobs(_ tables: [LatticeTable]) -> [Job] {
    var jobs: [Job] = []
    for (index, lattice) in source.lattices.enumerated() {
      let blocks = tables[index].blocks
      guard blocks > 0 else { continue }
      let stripCost = max(1, lattice.taps.count) * kernel.depth * kernels.wide.width
      // One strip at a time where there are few pixels to share.
      let groupsOfStrips =
        blocks < 16 ? Parts(kernel.strips.count, smallest: 1) : kernel.stripsTogether(lattice.taps.count)
      let blockCost = MatrixKernels.blockRows * stripCost * groupsOfStrips.size
      let parts = Parts(
        blocks, smallest: (1 << 21) / blockCost,
        limit: max(1, 96 / groupsOfStrips.count / geometry.groups))
      for group in 0..<geometry.groups {
        for strip in 0..<groupsOfStrips.count {
          for part in 0..<parts.count {
            jobs.append(Job(lattice: index, group: group, strips: groupsOfStrips[strip], blocks: parts[part]))
          }
        }
      }
    }
    return jobs
  }

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
    let tapsTogether = min(max(1, taps), kernel.tapsTogether)
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
      let strip = kernel.strips[index]
      let column = job.group * kernel.columns + strip.first
      let source = RowSource(
        rows: UnsafePointer(rows), taps: UnsafePointer(block.taps), tapCount: block.tapCount,
        depth: kernel.depth, b: packed + kernel.start(job.lattice, job.group, strip),
        bStride: strip.tile.width)
      var tile = TileResult(
        c: result + column, offsets: UnsafePointer(block.offsets), columns: strip.columns,
        accumulates: tapRange.lowerBound > 0)
      if tapRange.upperBound == taps { epilogue.apply(to: &tile, column: column, element: column) }
      strip.tile.multiplyBlock(rows: block.count, source, tile)
    }
  }
}
