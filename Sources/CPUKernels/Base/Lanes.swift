// Lanes of a vector folded into one number, in a fixed tree, and masks over them.

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

@inline(always) func laneSum(_ v: V) -> Float {
  #if AVX512
    let half = v.lowHalf + v.highHalf
    let four = half.lowHalf + half.highHalf
  #elseif AVX2
    let four = v.lowHalf + v.highHalf
  #else
    let four = v
  #endif
  return (four.x + four.z) + (four.y + four.w)
}

@inline(always) func laneProduct(_ v: V) -> Float {
  #if AVX512
    let half = v.lowHalf * v.highHalf
    let four = half.lowHalf * half.highHalf
  #elseif AVX2
    let four = v.lowHalf * v.highHalf
  #else
    let four = v
  #endif
  return (four.x * four.z) * (four.y * four.w)
}

/// The largest lane, where none is NaN.
@inline(always) func laneMaximum(_ v: V) -> Float {
  #if AVX512
    let half = v.lowHalf.replacing(with: v.highHalf, where: v.lowHalf .< v.highHalf)
    let four = half.lowHalf.replacing(with: half.highHalf, where: half.lowHalf .< half.highHalf)
  #elseif AVX2
    let four = v.lowHalf.replacing(with: v.highHalf, where: v.lowHalf .< v.highHalf)
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
