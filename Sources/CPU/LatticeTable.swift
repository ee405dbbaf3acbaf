import MartletCore
import MartletKernelTable

/// For every point of a lattice in one image: where its source and its result are, and which taps lie inside the
/// source. It is computed once for all images and strips; a block of twelve results is then a few additions.
struct LatticeTable {
  let points: Int
  let taps: Int
  /// 64 taps to a word.
  let words: Int
  private let lattice: Lattice
  private let source: Extent
  private let sourceChannels: Int
  private let result: Extent
  private let resultChannels: Int
  private let memory: CPUBuffer

  /// Offsets in floats from an image's beginning.
  private var sources: UnsafeMutablePointer<Int> { memory.pointer.assumingMemoryBound(to: Int.self) }
  private var results: UnsafeMutablePointer<Int> { sources + points }
  /// Offsets of the taps in floats.
  var steps: UnsafeMutablePointer<Int> { results + points }
  /// Presence of the taps: word w of point p at [w * points + p].
  private var masks: UnsafeMutablePointer<UInt64> {
    UnsafeMutableRawPointer(steps + taps).assumingMemoryBound(to: UInt64.self)
  }

  init(
    _ lattice: Lattice, source: Extent, sourceChannels: Int, result: Extent, resultChannels: Int,
    on device: CPUDevice
  ) throws {
    self.lattice = lattice
    self.source = source
    self.sourceChannels = sourceChannels
    self.result = result
    self.resultChannels = resultChannels
    points = lattice.count.count
    taps = lattice.taps.count
    words = (taps + 63) / 64
    memory = try device.pool.allocate(byteCount: (points * (2 + words) + taps) * MemoryLayout<Int>.stride)
    for (index, tap) in lattice.taps.enumerated() {
      steps[index] = position(tap.offset, in: source) * sourceChannels
    }
    let rows = lattice.count.depth * lattice.count.height
    let columnMasks = (0..<lattice.count.width).map { axisMask(2, $0) }
    let parts = Parts(rows, smallest: max(1, 4096 / max(1, lattice.count.width)), limit: 64)
    let table = self
    device.parallel(parts.count) { (part: Int) in table.fill(parts[part], columnMasks) }
  }

  private func position(_ at: Extent, in extent: Extent) -> Int {
    (at.depth * extent.height + at.height) * extent.width + at.width
  }

  /// The taps that are inside the source along one axis at a coordinate of the lattice.
  private func axisMask(_ axis: Int, _ coordinate: Int) -> [UInt64] {
    var mask = [UInt64](repeating: 0, count: words)
    for (index, tap) in lattice.taps.enumerated() {
      let at = coordinate * lattice.sourceStep[axis] + tap.offset[axis]
      if at >= 0 && at < source[axis] { mask[index / 64] |= 1 << UInt64(index % 64) }
    }
    return mask
  }

  private func fill(_ rows: Range<Int>, _ columnMasks: [[UInt64]]) {
    let count = lattice.count
    for row in rows {
      let d = row / count.height
      let h = row % count.height
      let depthMask = axisMask(0, d)
      let heightMask = axisMask(1, h)
      var from = position(Extent(d * lattice.sourceStep.depth, h * lattice.sourceStep.height, 0), in: source)
      var to = position(
        Extent(
          lattice.start.depth + d * lattice.step.depth, lattice.start.height + h * lattice.step.height,
          lattice.start.width), in: result)
      for w in 0..<count.width {
        let point = row * count.width + w
        sources[point] = from * sourceChannels
        results[point] = to * resultChannels
        for word in 0..<words {
          masks[word * points + point] = depthMask[word] & heightMask[word] & columnMasks[w][word]
        }
        from += lattice.sourceStep.width
        to += lattice.step.width
      }
    }
  }

  /// A block of twelve results, counted over all images.
  struct Block {
    var count = 0
    var bases = UnsafeMutablePointer<UInt>(bitPattern: 8)!
    var masks = UnsafeMutablePointer<UInt64>(bitPattern: 8)!
    /// Of the results, in floats from the first image.
    var offsets = UnsafeMutablePointer<Int>(bitPattern: 8)!

    /// Words of memory that a block needs.
    static func size(_ table: LatticeTable) -> Int { MatrixKernels.blockRows * (2 + table.words) }

    init(_ table: LatticeTable, memory: UnsafeMutableRawPointer) {
      bases = memory.assumingMemoryBound(to: UInt.self)
      offsets = (memory + 96).assumingMemoryBound(to: Int.self)
      masks = (memory + 192).assumingMemoryBound(to: UInt64.self)
    }
  }

  /// Goes to a block; results beyond the last repeat it.
  @inline(__always)
  func locate(_ number: Int, images: Int, _ x: UnsafePointer<Float>, _ block: inout Block) {
    let first = number * MatrixKernels.blockRows
    block.count = min(MatrixKernels.blockRows, images * points - first)
    var image = first / points
    var point = first - image * points
    let sourceImage = source.count * sourceChannels
    let resultImage = result.count * resultChannels
    for m in 0..<MatrixKernels.blockRows {
      block.bases[m] = UInt(bitPattern: x + (image * sourceImage + sources[point]))
      block.offsets[m] = image * resultImage + results[point]
      for word in 0..<words {
        block.masks[word * MatrixKernels.blockRows + m] = masks[word * points + point]
      }
      guard m + 1 < block.count else { continue }
      point += 1
      if point == points {
        point = 0
        image += 1
      }
    }
  }

  /// Writes the pointers of a range of taps; it begins at a multiple of 64 or lies within one word's taps.
  @inline(__always)
  func fill(
    _ tapRange: Range<Int>, _ block: Block, zeros: UnsafePointer<Float>, _ kernels: MatrixKernels,
    _ rows: UnsafeMutablePointer<UnsafePointer<Float>>
  ) {
    var line = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: UInt.self)
    var first = tapRange.lowerBound
    while first < tapRange.upperBound {
      let count = min(64 - first % 64, tapRange.upperBound - first)
      let word = block.masks + first / 64 * MatrixKernels.blockRows
      let shift = UInt64(first % 64)
      if shift > 0 {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: MatrixKernels.blockRows) { shifted in
          for m in 0..<MatrixKernels.blockRows { shifted[m] = word[m] >> shift }
          kernels.fillPointers(
            UnsafePointer(block.bases), UnsafePointer(shifted.baseAddress!), steps + first, count, zeros, line
          )
        }
      } else {
        kernels.fillPointers(
          UnsafePointer(block.bases), UnsafePointer(word), steps + first, count, zeros, line)
      }
      line += count * MatrixKernels.blockRows
      first += count
    }
  }
}
