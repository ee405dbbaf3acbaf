import MartletCore
import MartletKernelTable

/// For every point of a lattice in one image: where its source and its result are, and which taps lie inside the
/// source. It is computed once for all images and strips; a block of twelve results is then a few additions.
///
/// Where it saves work, the points are sorted into classes of those that have the same taps inside the source: the
/// interior, edges, corners. Blocks of one class, gathered over all images, leave out the taps that lie outside.
struct LatticeTable {
  struct PointClass {
    var firstPoint: Int
    var points: Int
    var firstBlock: Int
    /// Taps that any of the points has.
    var mask: UInt64
  }
  private(set) var classes: [PointClass] = []
  /// Blocks of twelve results, over all images.
  private(set) var blocks = 0
  private(set) var isSorted = false
  let images: Int
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
    _ lattice: Lattice, images: Int, source: Extent, sourceChannels: Int, result: Extent, resultChannels: Int,
    on device: CPUDevice
  ) throws {
    self.lattice = lattice
    self.images = images
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
    let height = max(1, lattice.count.height)
    let rowMasks = AxisMasks(
      (0..<lattice.count.depth * lattice.count.height).map {
        zip(axisMask(0, $0 / height), axisMask(1, $0 % height)).map { $0 & $1 }
      })
    let columnMasks = AxisMasks((0..<lattice.count.width).map { axisMask(2, $0) })
    if words == 1 { sort(rowMasks, columnMasks) }
    if !isSorted {
      classes = [PointClass(firstPoint: 0, points: points, firstBlock: 0, mask: .max)]
      blocks = Self.blocks(images * points)
    }
    let rows = rowMasks.masks.count
    let parts = Parts(rows, smallest: max(1, 4096 / max(1, lattice.count.width)), limit: 64)
    let table = self
    device.parallel(parts.count) { (part: Int) in table.fill(parts[part], rowMasks, columnMasks) }
  }

  private static func blocks(_ results: Int) -> Int {
    (results + MatrixKernels.blockRows - 1) / MatrixKernels.blockRows
  }

  /// Rows and columns of points in classes of equal masks; a class of points is a pair of these.
  private struct AxisMasks {
    var masks: [[UInt64]]
    var distinct: [[UInt64]] = []
    var counts: [Int] = []
    /// The class of each row or column, and its place in the class.
    var classes: [Int] = []
    var places: [Int] = []

    init(_ masks: [[UInt64]]) {
      self.masks = masks
      for mask in masks {
        let known = distinct.firstIndex(of: mask)
        if known == nil {
          distinct.append(mask)
          counts.append(0)
        }
        let index = known ?? distinct.count - 1
        classes.append(index)
        places.append(counts[index])
        counts[index] += 1
      }
    }
  }

  /// Sorts the points if that saves more than a fourteenth of the taps: less does not repay the worse order in memory
  /// and the blocks that are not full.
  private mutating func sort(_ rows: AxisMasks, _ columns: AxisMasks) {
    var sorted: [PointClass] = []
    var point = 0
    var block = 0
    var cost = 0
    for (rowMask, rowCount) in zip(rows.distinct, rows.counts) {
      for (columnMask, columnCount) in zip(columns.distinct, columns.counts) {
        let mask = rowMask[0] & columnMask[0]
        sorted.append(
          PointClass(firstPoint: point, points: rowCount * columnCount, firstBlock: block, mask: mask))
        let blocks = Self.blocks(images * rowCount * columnCount)
        cost += blocks * (mask.nonzeroBitCount + 1)
        point += rowCount * columnCount
        block += blocks
      }
    }
    guard cost * 14 < Self.blocks(images * points) * (taps + 1) * 13 else { return }
    classes = sorted
    blocks = block
    isSorted = true
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

  private func fill(_ rows: Range<Int>, _ rowMasks: AxisMasks, _ columnMasks: AxisMasks) {
    let count = lattice.count
    for row in rows {
      let d = row / count.height
      let h = row % count.height
      let rowClass = rowMasks.classes[row] * columnMasks.counts.count
      var from = position(Extent(d * lattice.sourceStep.depth, h * lattice.sourceStep.height, 0), in: source)
      var to = position(
        Extent(
          lattice.start.depth + d * lattice.step.depth, lattice.start.height + h * lattice.step.height,
          lattice.start.width), in: result)
      for w in 0..<count.width {
        var point = row * count.width + w
        if isSorted {
          let column = columnMasks.classes[w]
          point =
            classes[rowClass + column].firstPoint + rowMasks.places[row] * columnMasks.counts[column]
            + columnMasks.places[w]
        }
        sources[point] = from * sourceChannels
        results[point] = to * resultChannels
        for word in 0..<words {
          masks[word * points + point] = rowMasks.masks[row][word] & columnMasks.masks[w][word]
        }
        from += lattice.sourceStep.width
        to += lattice.step.width
      }
    }
  }

  /// A block of twelve results of one class, counted over all images.
  struct Block {
    var count = 0
    var mask: UInt64 = 0
    var bases: UnsafeMutablePointer<UInt>
    /// Of the results, in floats from the first image.
    var offsets: UnsafeMutablePointer<Int>
    var masks: UnsafeMutablePointer<UInt64>
    /// The taps that the lines of pointers belong to, and how many.
    var taps: UnsafeMutablePointer<Int>
    var tapCount = 0
    private var steps: UnsafeMutablePointer<Int>

    /// Words of memory that a block needs.
    static func size(_ table: LatticeTable) -> Int {
      MatrixKernels.blockRows * (2 + table.words) + 2 * table.taps
    }

    init(_ table: LatticeTable, memory: UnsafeMutableRawPointer) {
      let words = memory.assumingMemoryBound(to: Int.self)
      bases = memory.assumingMemoryBound(to: UInt.self)
      offsets = words + MatrixKernels.blockRows
      taps = words + 2 * MatrixKernels.blockRows
      steps = taps + table.taps
      masks = UnsafeMutableRawPointer(steps + table.taps).assumingMemoryBound(to: UInt64.self)
    }

    /// Writes the pointers of those taps of a range that the block has.
    @inline(__always)
    mutating func fill(
      _ range: Range<Int>, _ table: LatticeTable, zeros: UnsafePointer<Float>, _ kernels: MatrixKernels,
      _ rows: UnsafeMutablePointer<UnsafePointer<Float>>
    ) {
      var line = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: UInt.self)
      var first = range.lowerBound
      tapCount = 0
      while first < range.upperBound {
        let last = min((first / 64 + 1) * 64, range.upperBound)
        let before = tapCount
        for tap in first..<last where !table.isSorted || mask >> UInt64(tap) & 1 == 1 {
          taps[tapCount] = tap
          steps[tapCount] = table.steps[tap]
          tapCount += 1
        }
        let word = masks + first / 64 * MatrixKernels.blockRows
        for m in 0..<MatrixKernels.blockRows {
          word[m] = table.isSorted ? .max : word[m] >> UInt64(first % 64)
        }
        kernels.fillPointers(
          UnsafePointer(bases), UnsafePointer(word), steps + before, tapCount - before, zeros, line)
        line += (tapCount - before) * MatrixKernels.blockRows
        first = last
      }
    }
  }

  /// Goes to a block; results beyond the last repeat it.
  @inline(__always)
  func locate(_ number: Int, _ x: UnsafePointer<Float>, _ block: inout Block) {
    var index = classes.count - 1
    while classes[index].firstBlock > number { index -= 1 }
    let group = classes[index]
    let first = (number - group.firstBlock) * MatrixKernels.blockRows
    block.count = min(MatrixKernels.blockRows, images * group.points - first)
    block.mask = group.mask
    var image = first / group.points
    var point = first - image * group.points
    let sourceImage = source.count * sourceChannels
    let resultImage = result.count * resultChannels
    for m in 0..<MatrixKernels.blockRows {
      let at = group.firstPoint + point
      block.bases[m] = UInt(bitPattern: x + (image * sourceImage + sources[at]))
      block.offsets[m] = image * resultImage + results[at]
      for word in 0..<words { block.masks[word * MatrixKernels.blockRows + m] = masks[word * points + at] }
      guard m + 1 < block.count else { continue }
      point += 1
      if point == group.points {
        point = 0
        image += 1
      }
    }
  }
}
