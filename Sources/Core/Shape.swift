/// The sizes of an array along its axes, outermost first; at most five axes, stored inline.
///
/// ```swift
/// let images: Shape = [32, 28, 28, 1]
/// images.count      // 25088
/// images[-1]        // 1
/// ```
@frozen
public struct Shape: Hashable, Sendable {
  /// Sizes of the first four axes, ones where there are fewer. Two short vectors, because Swift 6.3 without
  /// optimisation corrupts what follows a vector of 32 bytes on its way through an async function.
  @usableFromInline var front: SIMD4<Int32>
  /// The size of the fifth axis or one, two zeros, the rank.
  @usableFromInline var back: SIMD4<Int32>

  public static let maximumRank = 5

  @inlinable
  public init(_ sizes: some Collection<Int>) {
    precondition(
      sizes.count <= Shape.maximumRank,
      "a shape has at most \(Shape.maximumRank) axes; received \(sizes.count): \(Array(sizes))")
    front = SIMD4(1, 1, 1, 1)
    back = SIMD4(1, 0, 0, Int32(truncatingIfNeeded: sizes.count))
    var axis = 0
    for size in sizes {
      precondition(size >= 0 && size <= Int32.max, "the size \(size) of axis \(axis) is out of range")
      setLane(axis, Int32(truncatingIfNeeded: size))
      axis += 1
    }
  }

  @inlinable
  func lane(_ axis: Int) -> Int { Int(axis < 4 ? front[axis] : back[axis - 4]) }

  @inlinable
  mutating func setLane(_ axis: Int, _ size: Int32) {
    if axis < 4 { front[axis] = size } else { back[axis - 4] = size }
  }

  /// The number of axes.
  @inlinable public var rank: Int { Int(back[3]) }

  /// The number of elements: the product of the sizes, 1 for a scalar.
  @inlinable
  public var count: Int {
    Int(front[0]) * Int(front[1]) * Int(front[2]) * Int(front[3]) * Int(back[0])
  }

  @inlinable public var isScalar: Bool { rank == 0 }

  /// The size of an axis; negative axes count from the end.
  @inlinable
  public subscript(axis: Int) -> Int {
    get { lane(position(of: axis)) }
    set {
      let position = position(of: axis)
      precondition(
        newValue >= 0 && newValue <= Int32.max, "the size \(newValue) of axis \(axis) is out of range")
      setLane(position, Int32(truncatingIfNeeded: newValue))
    }
  }

  @inlinable
  func position(of axis: Int) -> Int {
    let position = axis < 0 ? axis + rank : axis
    precondition(position >= 0 && position < rank, "axis \(axis) is outside \(self), which has \(rank) axes")
    return position
  }

  /// The axis counted from the front, or nil where there is no such axis.
  public func normalized(axis: Int) -> Int? {
    let position = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(position) ? position : nil
  }

  public var sizes: [Int] { (0..<rank).map { lane($0) } }

  /// The product of the sizes of a range of axes; 1 for an empty range.
  @inlinable
  public func count(of axes: Range<Int>) -> Int {
    var product = 1
    for axis in axes { product *= lane(axis) }
    return product
  }

  /// Steps between neighbours along each axis of a dense array, in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in strides.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * self[axis + 1]
    }
    return strides
  }

  public func inserting(_ size: Int, at axis: Int) -> Shape {
    var sizes = self.sizes
    sizes.insert(size, at: axis)
    return Shape(sizes)
  }

  public func removing(axis: Int) -> Shape {
    var sizes = self.sizes
    sizes.remove(at: position(of: axis))
    return Shape(sizes)
  }

  /// The shape that both arrays take under NumPy's broadcasting rules: aligned at the last axis, sizes equal or one
  /// of them 1. Nil where they do not fit.
  public func broadcast(with other: Shape) -> Shape? {
    if self == other { return self }
    var sizes = [Int](repeating: 1, count: max(rank, other.rank))
    for fromEnd in 1...max(1, sizes.count) where fromEnd <= sizes.count {
      let a = fromEnd <= rank ? self[-fromEnd] : 1
      let b = fromEnd <= other.rank ? other[-fromEnd] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      sizes[sizes.count - fromEnd] = a == 1 ? b : a
    }
    return Shape(sizes)
  }
}

extension Shape: ExpressibleByArrayLiteral {
  @inlinable public init(arrayLiteral sizes: Int...) { self.init(sizes) }
}

extension Shape: CustomStringConvertible {
  /// `28x28x1`, or `scalar`.
  public var description: String {
    isScalar ? "scalar" : sizes.map(String.init).joined(separator: "x")
  }
}
