/// Counter-based random numbers: word `i` of a stream is a pure function of the stream's key and `i`.
///
/// Philox 4x32 with ten rounds (Salmon, Moraes, Dror, Shaw 2011, *Parallel random numbers: as easy as 1, 2, 3*).
@frozen
public struct Philox: Sendable {
  public let key: UInt64

  @inlinable public init(key: UInt64) { self.key = key }

  /// The four 32-bit words of one counter value.
  @inlinable
  public func block(_ counter: UInt64, _ high: UInt64 = 0) -> SIMD4<UInt32> {
    var x0 = UInt32(truncatingIfNeeded: counter)
    var x1 = UInt32(truncatingIfNeeded: counter >> 32)
    var x2 = UInt32(truncatingIfNeeded: high)
    var x3 = UInt32(truncatingIfNeeded: high >> 32)
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) &* UInt64(x0)
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(x2)
      x0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ x1 ^ k0
      x1 = UInt32(truncatingIfNeeded: p1)
      x2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ x3 ^ k1
      x3 = UInt32(truncatingIfNeeded: p0)
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(x0, x1, x2, x3)
  }

  /// A 32-bit word as a number in [0, 1), with 24 bits.
  @inlinable
  public static func unit(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }
}

/// A stream of Philox words in order, for code that draws one number after another.
@frozen
public struct PhiloxGenerator: RandomNumberGenerator, Sendable {
  public let philox: Philox
  @usableFromInline var counter: UInt64 = 0
  @usableFromInline var high: UInt64
  @usableFromInline var block = SIMD4<UInt32>()
  @usableFromInline var used = 4

  /// The stream `index` of a seed: streams of different indices are independent.
  @inlinable
  public init(seed: UInt64, stream index: UInt64 = 0) {
    philox = Philox(key: seed)
    high = index
  }

  @inlinable
  public mutating func word() -> UInt32 {
    if used == 4 {
      block = philox.block(counter, high)
      counter &+= 1
      used = 0
    }
    used += 1
    return block[used - 1]
  }

  @inlinable
  public mutating func next() -> UInt64 { UInt64(word()) | UInt64(word()) << 32 }

  /// A number in [0, 1).
  @inlinable public mutating func unit() -> Float { Philox.unit(word()) }
}
