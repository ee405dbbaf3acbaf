/// A hash over numbers that costs a multiplication for each: for keys that are compared in full afterwards, such as the
/// structure of a step that is looked up every time it runs.
@frozen
public struct QuickHash: Hashable, Sendable {
  public var value: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inlinable public init() {}

  @inlinable
  public mutating func combine(_ number: UInt64) {
    value = (value ^ number) &* 0x9FB2_1C65_1E98_DF25
    value ^= value >> 32
  }

  @inlinable
  public mutating func combine(_ number: Int) { combine(UInt64(bitPattern: Int64(number))) }

  @inlinable
  public mutating func combine(_ shape: Shape) {
    let front = unsafeBitCast(shape.front, to: SIMD2<UInt64>.self)
    let back = unsafeBitCast(shape.back, to: SIMD2<UInt64>.self)
    combine(front[0])
    combine(front[1])
    combine(back[0] ^ back[1])
  }

  @inlinable
  public mutating func combine(_ extent: Extent) {
    combine(extent.depth)
    combine(extent.height)
    combine(extent.width)
  }
}
