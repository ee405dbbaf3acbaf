import MartletCore
import MartletKernelTable

/// Forward and backward-data where every tap of every result is inside the source, as it is or in a frame of zeros. The
/// pixels of a row of results are then one step apart, and none of them has to be looked up.
///
///     x   a b c d e f g      row of the result, 1 x 3, stride 2:  rows of a tile are a b c, c d e, e f g
///         └───┘ └───┘
///           └───┘
///
/// A job takes some rows of results. If they need a frame, it copies what they reach into its own, which stays in the
/// second cache. Results are those of `GatherConvolution`, to the bit.
struct StepConvolution {
  struct Job {
    var lattice: Int
    var group: Int
    var strips: Range<Int>
    /// Slices of all images, rows of a slice, pixels of a row.
    var slices: Range<Int>
    var rows: Range<Int>
    var pixels: Range<Int>
  }

  let source: ConvolutionSource
  let epilogue: ResolvedEpilogue
  let result: UnsafeMutablePointer<Float>
  let kernels: MatrixKernels
  let kernel: KernelStrips
  private let groups: Int
  private var grids: [StepGrid] = []
  private(set) var jobs: [Job] = []
  /// Floats of memory that a thread needs.
  private(set) var frameFloats = 16

  /// Nil where gathering is faster.
  init?(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ source: ConvolutionSource,
    _ epilogue: ResolvedEpilogue, result: UnsafeMutablePointer<Float>, _ kernels: MatrixKernels
  ) {
    let isForward = pass == .forward
    let resultExtent = isForward ? geometry.output : geometry.input
    let resultChannels = isForward ? geometry.outputChannels : geometry.inputChannels
    let inside = source.lattices.map { $0.shareInside(source.extent) }
    let width = geometry.kernel.width
    let mergesWidth = isForward && geometry.groups == 1 && width > 1 && geometry.dilation.width == 1
    let isNarrow = mergesWidth && width * source.channels <= 64
    // A frame's zeros are multiplied too. With few channels that is still less than to look up taps.
    guard inside.allSatisfy({ $0 == 1 || geometry.groups == 1 && (isNarrow ? $0 > 0.7 : $0 * 14 > 13) })
    else {
      return nil
    }
    var merged = source
    if mergesWidth { merged.mergeTaps(width) }
    self.source = merged
    self.epilogue = epilogue
    self.result = result
    self.kernels = kernels
    groups = geometry.groups
    kernel = KernelStrips(pass, geometry, merged, kernels)
    for (index, lattice) in source.lattices.enumerated() {
      let grid = StepGrid(
        lattice, images: geometry.batch, source.extent, source.channels, resultExtent, resultChannels,
        isFramed: inside[index] < 1)
      let products = merged.lattices[index].taps.count * kernel.depth * kernel.vectors
      // Gathering merges taps too where nothing is padded or the channels are few.
      let gathered = (inside[index] < 1 && !isNarrow ? lattice : merged.lattices[index]).taps.count
      guard Self.suits(row: grid.pixel.count, products: products, lookUps: 10 + gathered) else { return nil }
      grids.append(grid)
    }
    for index in grids.indices { addJobs(index) }
  }

  /// Whether looking up a pixel, in products of vectors about ten and one for each tap, counts beside its products. If not,
  /// rows must be so long that the lower tiles at their ends do not count; one of a single pixel costs as much as two.
  private static func suits(row: Int, products: Int, lookUps: Int) -> Bool {
    if row >= 96 { return true }
    return row >= 6 && products < 100 * lookUps && (row % 2 == 0 || products < row * lookUps)
  }

  private mutating func addJobs(_ index: Int) {
    let taps = source.lattices[index].taps.count
    let grid = grids[index]
    let strips = kernel.stripsTogether(taps)
    let columns = min(kernel.strips.paddedColumns, kernels.wide.width * strips.size)
    let cost = max(1, taps * kernel.depth * columns)
    let slices = grid.image.count * grid.slice.count
    let jobsOfStrips = max(1, 96 / strips.count / groups)
    let total = slices * grid.row.count * grid.pixel.count
    let enough = max(1, (1 << 19) / cost, (total + jobsOfStrips - 1) / jobsOfStrips)
    let pixels = Parts(
      grid.pixel.count, unit: MatrixKernels.blockRows, smallest: min(enough, grid.fittingPixels))
    let most = pixels[0].count
    let rows = Parts(grid.row.count, smallest: min(max(1, enough / most), grid.fittingRows(most)))
    let perSlice = pixels.count * rows.count > 1 ? 1 : enough / (grid.row.count * most)
    let sliceParts = Parts(slices, smallest: max(1, perSlice))
    grids[index].setFrame(rows: rows[0].count, pixels: most)
    frameFloats = max(frameFloats, grids[index].frameFloats)
    for group in 0..<groups {
      for strip in 0..<strips.count {
        for slice in 0..<sliceParts.count {
          for row in 0..<rows.count {
            for pixel in 0..<pixels.count {
              jobs.append(
                Job(
                  lattice: index, group: group, strips: strips[strip], slices: sliceParts[slice],
                  rows: rows[row], pixels: pixels[pixel]))
            }
          }
        }
      }
    }
  }

  func run(_ job: Job, _ packed: UnsafePointer<Float>, frame: UnsafeMutablePointer<Float>) {
    let grid = grids[job.lattice]
    let taps = source.lattices[job.lattice].taps
    let x = source.pointer + job.group * (source.channels / groups)
    let weights = packed + kernel.start(job.lattice, job.group)
    // With several strips, few enough pixels that their source stays in the first cache.
    let most = min(job.strips.count == 1 ? 240 : Self.segment, job.pixels.count)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: taps.count + most) { memory in
      let tapOffsets = memory.baseAddress!
      let offsets = tapOffsets + taps.count
      for (index, tap) in taps.enumerated() { tapOffsets[index] = grid.position(tap.offset) }
      for pixel in 0..<most { offsets[pixel] = pixel * grid.pixel.result }
      for slice in job.slices {
        let from = grid.origin(x, slice, job.rows, job.pixels, frame, isFirst: slice == job.slices.lowerBound)
        let to = grid.result(slice)
        var firstTap = 0
        repeat {
          let tapRange = firstTap..<min(taps.count, firstTap + kernel.tapsTogether)
          for row in job.rows {
            for first in stride(from: job.pixels.lowerBound, to: job.pixels.upperBound, by: most) {
              let count = min(most, job.pixels.upperBound - first)
              let a = from + (row * grid.row.source + first * grid.pixel.source)
              let at = to + row * grid.row.result + first * grid.pixel.result
              let source = StepSource(
                a: a, step: grid.pixel.source, offsets: UnsafePointer(tapOffsets + firstTap),
                taps: tapRange.count, depth: kernel.depth, b: weights, bStride: 0)
              runStrips(job, tapRange, of: taps.count, source, count, UnsafePointer(offsets), at: at)
            }
          }
          firstTap = tapRange.upperBound
        } while firstTap < taps.count
      }
    }
  }

  /// Pixels that several strips take in turn.
  private static let segment = 48

  /// Some pixels of a row, by all strips of a job.
  @inline(__always)
  private func runStrips(
    _ job: Job, _ tapRange: Range<Int>, of taps: Int, _ source: StepSource, _ count: Int,
    _ offsets: UnsafePointer<Int>, at: Int
  ) {
    for index in job.strips {
      let strip = kernel.strips[index]
      let column = job.group * kernel.columns + strip.first
      var tile = TileResult(
        c: result + (at + column), offsets: offsets, columns: strip.columns,
        accumulates: tapRange.lowerBound > 0)
      if tapRange.upperBound == taps { epilogue.apply(to: &tile, column: column, element: at + column) }
      var source = source
      source.b += (strip.first * taps + tapRange.lowerBound * strip.tile.width) * kernel.depth
      source.bStride = strip.tile.width
      let vectors = strip.tile.width / kernels.lanes
      var left = count
      while left > 0 {
        let done = kernels.multiplySteps(vectors, left, &source, &tile)
        source.a += done * source.step
        tile.offsets += done
        left -= done
      }
    }
  }
}
