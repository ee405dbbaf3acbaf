// Lanes of a vector folded into one number, in a fixed tree, and masks over them.
//
// Folding is a call that gets the vector in memory. Inlined, it makes the compiler cut the vectors of the whole loop
// before it into the quarters that are folded.

#if AVX512
  @inline(__always) private var indices: VI { VI(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }
#elseif AVX2
  @inline(__always) private var indices: VI { VI(0, 1, 2, 3, 4, 5, 6, 7) }
#else
  @inline(__always) private var indices: VI { VI(0, 1, 2, 3) }
#endif

/// The vector with another number in all lanes from `count` on.
@inline(always) func masked(_ v: V, _ count: Int, _ filler: Float) -> V {
  splat(filler).replacing(with: v, where: indices .< VI(repeating: Int32(truncatingIfNeeded: count)))
}

/// The vector with zeros in its first `count` lanes.
@inline(always) func withoutFirst(_ v: V, _ count: Int) -> V {
  v.replacing(with: V.zero, where: indices .< VI(repeating: Int32(truncatingIfNeeded: count)))
}

@inline(always) func laneSum(_ v: V) -> Float { withUnsafePointer(to: v) { foldedSum($0) } }

@inline(never) private func foldedSum(_ p: UnsafePointer<V>) -> Float {
  let four = quarter(p.pointee)
  return (four.x + four.z) + (four.y + four.w)
}

/// Halves added until four lanes are left.
@inline(always) func quarter(_ v: V) -> SIMD4<Float> {
  #if AVX512
    let half = v.halves.lower + v.halves.upper
    return half.halves.lower + half.halves.upper
  #elseif AVX2
    return v.halves.lower + v.halves.upper
  #else
    return v
  #endif
}

@inline(always) func laneProduct(_ v: V) -> Float { withUnsafePointer(to: v) { foldedProduct($0) } }

@inline(never) private func foldedProduct(_ p: UnsafePointer<V>) -> Float {
  let v = p.pointee
  #if AVX512
    let half = v.halves.lower * v.halves.upper
    let four = half.halves.lower * half.halves.upper
  #elseif AVX2
    let four = v.halves.lower * v.halves.upper
  #else
    let four = v
  #endif
  return (four.x * four.z) * (four.y * four.w)
}

/// The largest lane, where none is NaN.
@inline(always) func laneMaximum(_ v: V) -> Float { withUnsafePointer(to: v) { foldedMaximum($0) } }

@inline(never) private func foldedMaximum(_ p: UnsafePointer<V>) -> Float {
  let v = p.pointee
  #if AVX512
    let half = v.halves.lower.replacing(with: v.halves.upper, where: v.halves.lower .< v.halves.upper)
    let four = half.halves.lower.replacing(
      with: half.halves.upper, where: half.halves.lower .< half.halves.upper)
  #elseif AVX2
    let four = v.halves.lower.replacing(with: v.halves.upper, where: v.halves.lower .< v.halves.upper)
  #else
    let four = v
  #endif
  let even = four.x < four.z ? four.z : four.x
  let odd = four.y < four.w ? four.w : four.y
  return even < odd ? odd : even
}

/// The largest lane, or NaN where one is.
@inline(always) func laneStrictMaximum(_ v: V) -> Float {
  let invalid = laneSum(V.zero.replacing(with: v, where: v .!= v))
  return invalid == 0 ? laneMaximum(v) : invalid
}

@inline(always) func store(_ v: VI, _ p: UnsafeMutablePointer<Int32>, count: Int) {
  store(floats(v), UnsafeMutableRawPointer(p).assumingMemoryBound(to: Float.self), count: count)
}
