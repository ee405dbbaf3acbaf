import MartletKernelTable

/// Adds the columns of pixels to the rows of results that they belong to:
///
///     to[pixel * toStep + toOffsets[run] + i] += from[pixel * fromStride + fromOffsets[run] + i]
///
/// for i < count. All runs of a pixel before the next pixel, whose runs overlap with these: what has just been stored
/// in other places than it is read from arrives late.
func scatterRuns(_ from: Floats, _ pixels: Int, _ runs: UnsafeRawPointer, _ to: MutableFloats) {
  let runs = runs.assumingMemoryBound(to: ScatterRuns.self).pointee
  var from = from
  var to = to
  for _ in 0..<pixels {
    for run in 0..<runs.runs {
      let source = from + runs.fromOffsets[run]
      let target = to + runs.toOffsets[run]
      var i = 0
      while i &+ lanes <= runs.count {
        store(load(target + i) + load(source + i), target + i)
        i &+= lanes
      }
      while i &+ 4 <= runs.count {
        let sum =
          UnsafeRawPointer(target + i).loadUnaligned(as: SIMD4<Float>.self)
          + UnsafeRawPointer(source + i).loadUnaligned(as: SIMD4<Float>.self)
        UnsafeMutableRawPointer(target + i).storeBytes(of: sum, as: SIMD4<Float>.self)
        i &+= 4
      }
      while i < runs.count {
        target[i] += source[i]
        i &+= 1
      }
    }
    from += runs.fromStride
    to += runs.toStep
  }
}
