// Philox 4x32 with ten rounds (Salmon, Moraes, Dror, Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*), several
// counters at once, and the distributions made of its words.

#if AVX512
  private typealias Words = SIMD8<UInt64>
  private typealias WordPairs = SIMD16<UInt64>
  private typealias Pairs = SIMD32<Float>
  private typealias WordLanes = SIMD16<UInt32>
  @inline(__always) private var counters: Words { Words(0, 1, 2, 3, 4, 5, 6, 7) }
#elseif AVX2
  private typealias Words = SIMD4<UInt64>
  private typealias WordPairs = SIMD8<UInt64>
  private typealias Pairs = SIMD16<Float>
  private typealias WordLanes = SIMD8<UInt32>
  @inline(__always) private var counters: Words { Words(0, 1, 2, 3) }
#else
  private typealias Words = SIMD2<UInt64>
  private typealias WordPairs = SIMD4<UInt64>
  private typealias Pairs = SIMD8<Float>
  private typealias WordLanes = SIMD4<UInt32>
  @inline(__always) private var counters: Words { Words(0, 1) }
#endif

/// Blocks of four words that come out of one step; at most 8.
@inline(__always) private var blocksAtOnce: Int { MemoryLayout<Words>.size / 8 }

/// words[4 i ..< 4 i + 4] = block first + i of the key, for a multiple of 8 blocks.
@inline(always) private func randomWords(
  _ key: UInt64, _ first: UInt64, _ words: UnsafeMutablePointer<UInt32>, _ blocks: Int
) {
  let low = Words(repeating: 0xFFFF_FFFF)
  let shift = Words(repeating: 32)
  var block = 0
  while block < blocks {
    let counter = counters &+ Words(repeating: first &+ UInt64(truncatingIfNeeded: block))
    // Each 64-bit lane holds one 32-bit word.
    var x0 = counter & low
    var x1 = counter &>> shift
    var x2 = Words.zero
    var x3 = Words.zero
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      // The masks tell the compiler that a multiplication of 32-bit words is enough.
      let p0 = (x0 & low) &* Words(repeating: 0xD251_1F53)
      let p1 = (x2 & low) &* Words(repeating: 0xCD9E_8D57)
      x0 = (p1 &>> shift) ^ x1 ^ Words(repeating: UInt64(k0))
      x1 = p1 & low
      x2 = (p0 &>> shift) ^ x3 ^ Words(repeating: UInt64(k1))
      x3 = p0 & low
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    var pairs = WordPairs()
    pairs.evenHalf = x0 | (x1 &<< shift)
    pairs.oddHalf = x2 | (x3 &<< shift)
    UnsafeMutableRawPointer(words + 4 * block).storeBytes(of: pairs, as: WordPairs.self)
    block += blocksAtOnce
  }
}

/// Numbers of a distribution (0 uniform, 1 normal, 2 truncated normal) from a multiple of 8 blocks.
func randomBlocks(_ distribution: UInt8, _ key: UInt64, _ first: UInt64, _ y: MutableFloats, _ blocks: Int) {
  let raw = UnsafeMutableRawPointer(y)
  let words = raw.assumingMemoryBound(to: UInt32.self)
  randomWords(key, first, words, blocks)
  let count = 4 * blocks
  var i = 0
  while i < count {
    // Of a word's upper 24 bits, 23 become the digits of a number in [1, 2), and the last one is added.
    let word = unsafeBitCast(load(y + i), to: WordLanes.self)
    let digits = (word &>> WordLanes(repeating: 9)) | WordLanes(repeating: 0x3F80_0000)
    let last = WordLanes.zero &- ((word &>> WordLanes(repeating: 8)) & WordLanes(repeating: 1))
    let rest = last & WordLanes(repeating: 0x3380_0000)
    store(unsafeBitCast(digits, to: V.self) - splat(1) + unsafeBitCast(rest, to: V.self), y + i)
    i += lanes
  }
  i = 0
  switch distribution {
  case 1:
    while i < count {
      // Radii from the even words, angles from the odd ones. 1 - u keeps zero out of the logarithm.
      let pairs = (raw + 4 * i).loadUnaligned(as: Pairs.self)
      let radius = (splat(-2) * logarithm(splat(1) - pairs.evenHalf)).squareRoot()
      let angle = sineAndCosine(pairs.oddHalf * splat(6.283_185_31))
      var results = Pairs()
      results.evenHalf = radius * angle.cosine
      results.oddHalf = radius * angle.sine
      (raw + 4 * i).storeBytes(of: results, as: Pairs.self)
      i += 2 * lanes
    }
  case 2:
    while i < count {
      // 0.9545 is the probability of lying within two standard deviations; the middle of each of 2^24 cells.
      let u = multiplyAdd(load(y + i), splat(2), splat(0x1p-24 - 1))
      store(inverseNormal(u * splat(0.954_499_736)), y + i)
      i += lanes
    }
  default: break
  }
}
