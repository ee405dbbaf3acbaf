import MartletCore
import MartletKernelTable

// What a job of a Winograd convolution does to its part of the work.

extension WinogradConvolution {
  /// U of some channels and strips.
  struct Kernel {
    let channels: Range<Int>
    let strips: Range<Int>
    /// The first column, and how many there are with those that fill the last strip.
    let first: Int
    let width: Int
    /// From point to point, in floats.
    var step: Int { channels.count * width + 16 }

    init(channels: Range<Int>, strips: Range<Int>, _ task: WinogradConvolution) {
      self.channels = channels
      self.strips = strips
      first = task.strips[strips.lowerBound].first
      let last = task.strips[strips.upperBound - 1]
      width = last.first + last.tile.width - first
    }
  }

  /// Some channels of one strip. Eight at a time are packed first, as for a direct convolution: the taps of a kernel
  /// where it stands are often a power of two apart, and push each other out of the nearest cache.
  func transformKernel(
    _ kernel: Kernel, depthTap: Int = 0, strip: Int, _ channels: Range<Int>,
    to u: UnsafeMutablePointer<Float>
  ) {
    let strip = strips[strip]
    let width = strip.tile.width
    let to =
      u + (strip.first - kernel.first) * kernel.channels.count
      + (channels.lowerBound - kernel.channels.lowerBound) * width
    let some = Parts(channels.count, smallest: 8)
    let taps = transforms.taps * transforms.taps
    withUnsafeTemporaryAllocation(of: Float.self, capacity: taps * some.size * width) { packed in
      let packed = packed.baseAddress!
      for part in 0..<some.count {
        let first = channels.lowerBound + some[part].lowerBound
        let count = some[part].count
        for tap in 0..<taps {
          let to = packed + tap * count * width
          if isTurned {
            let turned = taps * (depthTaps - depthTap) - 1 - tap
            let from = weights + ((turned * columns + strip.first) * depth + first)
            matrix.packColumns(from, depth, count, strip.columns, to, width)
          } else {
            let from = weights + (((taps * depthTap + tap) * depth + first) * columns + strip.first)
            matrix.packRows(from, columns, count, strip.columns, to, width)
          }
        }
        let to = to + some[part].lowerBound * width
        transforms.kernel(packed, count * width, count * width, to, kernel.step)
      }
    }
  }

  /// M = V · U at one point.
  func multiply(
    _ count: Int, _ v: UnsafePointer<Float>, _ vPoints: Points, _ u: UnsafePointer<Float>, _ kernel: Kernel,
    _ m: UnsafeMutablePointer<Float>, _ mPoints: Points, accumulates: Bool = false
  ) {
    let rows = MatrixKernels.blockRows
    let depth = kernel.channels.count
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: rows) { pointers in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: rows + 1) { offsets in
        let onlyTap = offsets.baseAddress! + rows
        onlyTap.pointee = 0
        for row in 0..<rows { offsets[row] = row * mPoints.width }
        for index in kernel.strips {
          let strip = strips[index]
          let column = strip.first - kernel.first
          let source = RowSource(
            rows: UnsafePointer(pointers.baseAddress!), taps: UnsafePointer(onlyTap), tapCount: 1,
            depth: depth,
            b: u + column * depth, bStride: strip.tile.width)
          var result = TileResult(
            c: m + column, offsets: UnsafePointer(offsets.baseAddress!), columns: strip.tile.width,
            accumulates: accumulates)
          for first in stride(from: 0, to: count, by: rows) {
            let present = min(rows, count - first)
            for row in 0..<rows { pointers[row] = v + (first + min(row, present - 1)) * vPoints.width }
            strip.tile.multiplyBlock(rows: present, source, result)
            result.c += rows * mPoints.width
          }
        }
      }
    }
  }

  func transformOutput(
    _ tiles: Range<Int>, _ memory: UnsafeMutablePointer<Float>, _ m: Points, strips range: Range<Int>
  ) {
    let size = transforms.size
    let first = strips[range.lowerBound].first
    let last = strips[range.upperBound - 1]
    withUnsafeTemporaryAllocation(of: Int.self, capacity: size * size) { offsets in
      var result = TileResult(
        c: self.result + first, offsets: UnsafePointer(offsets.baseAddress!),
        columns: last.first + last.columns - first)
      epilogue.apply(to: &result, column: first, element: first)
      var from = UnsafePointer(memory)
      for tile in tiles {
        let at = windows.locate(tile)
        let rows = min(size, resultExtent.height - at.row)
        let columns = min(size, resultExtent.width - at.column)
        for i in 0..<rows {
          let row = (at.image * resultExtent.height + at.row + i) * resultExtent.width + at.column
          for j in 0..<columns { offsets[i * columns + j] = (row + j) * self.columns }
        }
        withUnsafePointer(to: &result) {
          transforms.output(from, m.step, rows, columns, UnsafeRawPointer($0))
        }
        from += m.width
      }
    }
  }
}
