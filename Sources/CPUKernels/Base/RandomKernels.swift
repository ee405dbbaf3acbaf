// Philox 4x32 with ten rounds (Salmon, Moraes, Dror, Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*), several
// counters at once, and the distributions made of its words.
//
// One pass over memory for each kind of step: where words change places in the same loop as arithmetic, the compiler
// moves them through all of it.

#if AVX512
  private typealias Words = SIMD8<UInt64>
  private typealias WordLanes = SIMD16<UInt32>
  @inline(__always) private var counters: Words { Words(0, 1, 2, 3, 4, 5, 6, 7) }
#elseif AVX2
  private typealias Words = SIMD4<UInt64>
  private typealias WordLanes = SIMD8<UInt32>
  @inline(__always) private var counters: Words { Words(0, 1, 2, 3) }
#else
  private typealias Words = SIMD2<UInt64>
  private typealias WordLanes = SIMD4<UInt32>
  @inline(__always) private var counters: Words { Words(0, 1) }
#endif

/// Blocks of four words that come out of one step; at most 8.
@inline(__always) private var blocksAtOnce: Int { MemoryLayout<Words>.size / 8 }

/// The words 0 and 1 of several blocks from `first` on, then their words 2 and 3, and so on for a multiple of 8 blocks.
@inline(never) private func randomWords(
  _ key: UInt64, _ first: UInt64, _ words: UnsafeMutableRawPointer, _ blocks: Int
) {
  let low = Words(repeating: 0xFFFF_FFFF)
  let shift = Words(repeating: 32)
  var block = 0
  while block < blocks {
    let counter = counters &+ Words(repeating: first &+ UInt64(truncatingIfNeeded: block))
    // Each 64-bit lane holds one 32-bit word, and above it what is left of a product.
    var x0 = counter
    var x1 = counter &>> shift
    var x2 = Words.zero
    var x3 = Words.zero
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      // With the masks the compiler sees that a multiplication of 32-bit words is enough.
      let p0 = (x0 & low) &* Words(repeating: 0xD251_1F53)
      let p1 = (x2 & low) &* Words(repeating: 0xCD9E_8D57)
      x0 = (p1 &>> shift) ^ x1 ^ Words(repeating: UInt64(k0))
      x1 = p1
      x2 = (p0 &>> shift) ^ x3 ^ Words(repeating: UInt64(k1))
      x3 = p0
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    let place = words + 16 * block
    place.storeBytes(of: (x0 & low) | (x1 &<< shift), as: Words.self)
    (place + 8 * blocksAtOnce).storeBytes(of: (x2 & low) | (x3 &<< shift), as: Words.self)
    block += blocksAtOnce
  }
}

/// The numbers of each block side by side.
@inline(never) private func joinBlocks(_ y: UnsafeMutableRawPointer, _ blocks: Int) {
  var block = 0
  while block < blocks {
    let place = y + 16 * block
    let next = place + 8 * blocksAtOnce
    let a = place.loadUnaligned(as: Words.self)
    let b = next.loadUnaligned(as: Words.self)
    #if AVX512
      place.storeBytes(of: Words(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]), as: Words.self)
      next.storeBytes(of: Words(a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]), as: Words.self)
    #elseif AVX2
      place.storeBytes(of: Words(a[0], b[0], a[1], b[1]), as: Words.self)
      next.storeBytes(of: Words(a[2], b[2], a[3], b[3]), as: Words.self)
    #else
      place.storeBytes(of: Words(a[0], b[0]), as: Words.self)
      next.storeBytes(of: Words(a[1], b[1]), as: Words.self)
    #endif
    block += blocksAtOnce
  }
}

/// Numbers in [0, 1) in the place of words.
@inline(never) private func makeUniform(_ y: MutableFloats, _ count: Int) {
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
}

/// Normal numbers in the place of uniform ones: from 0 and 1 of each block, and from 2 and 3.
@inline(never) private func makeNormal(_ y: MutableFloats, _ count: Int) {
  let low = Words(repeating: 0xFFFF_FFFF)
  let shift = Words(repeating: 32)
  var i = 0
  while i < count {
    let first = unsafeBitCast(load(y + i), to: Words.self)
    let second = unsafeBitCast(load(y + (i + lanes)), to: Words.self)
    // Radii from 0 and 2, angles from 1 and 3. 1 - u keeps zero out of the logarithm.
    let u = unsafeBitCast((first & low) | (second &<< shift), to: V.self)
    let v = unsafeBitCast((first &>> shift) | (second & (low &<< shift)), to: V.self)
    let radius = (splat(-2) * logarithm(splat(1) - u)).squareRoot()
    let angle = sineAndCosine(v * splat(6.283_185_31))
    let cosines = unsafeBitCast(radius * angle.cosine, to: Words.self)
    let sines = unsafeBitCast(radius * angle.sine, to: Words.self)
    store(unsafeBitCast((cosines & low) | (sines &<< shift), to: V.self), y + i)
    store(unsafeBitCast((cosines &>> shift) | (sines & (low &<< shift)), to: V.self), y + (i + lanes))
    i += 2 * lanes
  }
}

@inline(never) private func makeTruncatedNormal(_ y: MutableFloats, _ count: Int) {
  var i = 0
  while i < count {
    // 0.9545 is the probability of lying within two standard deviations; the middle of each of 2^24 cells.
    let u = multiplyAdd(load(y + i), splat(2), splat(0x1p-24 - 1))
    store(inverseNormal(u * splat(0.954_499_736)), y + i)
    i += lanes
  }
}

/// Numbers of a distribution (0 uniform, 1 normal, 2 truncated normal) from a multiple of 8 blocks.
func randomBlocks(_ distribution: UInt8, _ key: UInt64, _ first: UInt64, _ y: MutableFloats, _ blocks: Int) {
  randomWords(key, first, y, blocks)
  makeUniform(y, 4 * blocks)
  switch distribution {
  case 1: makeNormal(y, 4 * blocks)
  case 2: makeTruncatedNormal(y, 4 * blocks)
  default: break
  }
  joinBlocks(y, blocks)
}
