import MartletCore
import MartletKernelTable

/// Where the sources of a block of twelve results are, one line of pointers for each tap, and where the results go.
struct PointerTable {
  private struct Pixel {
    /// The source of a tap with offset zero.
    var base: UnsafePointer<Float>
    var depth: Int
    var height: Int
    var width: Int
  }

  let rows: UnsafeMutablePointer<UnsafePointer<Float>>
  let offsets: UnsafeMutablePointer<Int>
  private let lattice: Lattice
  private let pixelCount: Int
  private let source: UnsafePointer<Float>
  private let zeros: UnsafePointer<Float>
  private let extent: Extent
  private let channels: Int
  private let resultExtent: Extent
  private let resultChannels: Int
  private var pixels: InlineArray<12, Pixel>
  /// Offsets of the taps in floats, and the box they span.
  private let steps: [Int]
  private let lowest: Extent
  private let highest: Extent
  /// Whether all taps of all twelve pixels lie inside the source.
  private var isInside = false

  init(
    _ convolution: GatherConvolution, _ lattice: Lattice, zeros: UnsafePointer<Float>, channel: Int,
    rows: UnsafeMutablePointer<UnsafePointer<Float>>, offsets: UnsafeMutablePointer<Int>
  ) {
    self.rows = rows
    self.offsets = offsets
    self.lattice = lattice
    self.zeros = zeros
    pixelCount = convolution.geometry.batch * lattice.count.count
    source = convolution.source.pointer + channel
    let extent = convolution.source.extent
    let channels = convolution.source.channels
    self.extent = extent
    self.channels = channels
    resultExtent = convolution.resultExtent
    resultChannels = convolution.resultChannels
    pixels = InlineArray(repeating: Pixel(base: source, depth: 0, height: 0, width: 0))
    steps = lattice.taps.map {
      (($0.offset.depth * extent.height + $0.offset.height) * extent.width + $0.offset.width) * channels
    }
    var lowest = Extent(repeating: 0)
    var highest = Extent(repeating: 0)
    for axis in 0..<3 {
      lowest[axis] = lattice.taps.map { $0.offset[axis] }.min() ?? 0
      highest[axis] = lattice.taps.map { $0.offset[axis] }.max() ?? 0
    }
    self.lowest = lowest
    self.highest = highest
  }

  /// Goes to a block; returns how many results it has. Missing ones repeat the last.
  mutating func locate(_ block: Int) -> Int {
    let first = block * MatrixKernels.blockRows
    let count = min(MatrixKernels.blockRows, pixelCount - first)
    var w = first % lattice.count.width
    var h = first / lattice.count.width % lattice.count.height
    var d = first / (lattice.count.width * lattice.count.height) % lattice.count.depth
    var n = first / lattice.count.count
    var inside = true
    for m in 0..<MatrixKernels.blockRows {
      let pixel = Pixel(
        base: source
          + (((n * extent.depth + d * lattice.sourceStep.depth) * extent.height + h
            * lattice.sourceStep.height)
            * extent.width + w * lattice.sourceStep.width) * channels,
        depth: d * lattice.sourceStep.depth, height: h * lattice.sourceStep.height,
        width: w * lattice.sourceStep.width)
      pixels[m] = pixel
      inside =
        inside && pixel.depth + lowest.depth >= 0 && pixel.depth + highest.depth < extent.depth
        && pixel.height + lowest.height >= 0 && pixel.height + highest.height < extent.height
        && pixel.width + lowest.width >= 0 && pixel.width + highest.width < extent.width
      let row =
        (n * resultExtent.depth + lattice.start.depth + d * lattice.step.depth) * resultExtent.height
        + lattice.start.height + h * lattice.step.height
      offsets[m] = (row * resultExtent.width + lattice.start.width + w * lattice.step.width) * resultChannels
      guard m + 1 < count else { continue }
      w += 1
      guard w == lattice.count.width else { continue }
      w = 0
      h += 1
      guard h == lattice.count.height else { continue }
      h = 0
      d += 1
      guard d == lattice.count.depth else { continue }
      d = 0
      n += 1
    }
    isInside = inside
    return count
  }

  /// Writes the lines of a range of taps, from the table's beginning.
  func fill(_ taps: Range<Int>) {
    var line = rows
    for tap in taps {
      let step = steps[tap]
      if isInside {
        for m in 0..<12 { line[m] = pixels[unchecked: m].base + step }
      } else {
        let offset = lattice.taps[tap].offset
        for m in 0..<12 {
          let pixel = pixels[unchecked: m]
          let isPresent =
            UInt(bitPattern: pixel.depth + offset.depth) < UInt(bitPattern: extent.depth)
            && UInt(bitPattern: pixel.height + offset.height) < UInt(bitPattern: extent.height)
            && UInt(bitPattern: pixel.width + offset.width) < UInt(bitPattern: extent.width)
          line[m] = isPresent ? pixel.base + step : zeros
        }
      }
      line += MatrixKernels.blockRows
    }
  }
}
