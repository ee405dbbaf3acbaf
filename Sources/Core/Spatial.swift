/// One whole number per spatial axis (depth, height, width). Written `3` for the same number on every axis, or
/// `[3, 5]` with one number an axis.
@frozen
public struct Spatial: Hashable, Sendable {
  public var values: [Int]

  public init(_ values: [Int]) {
    precondition((1...3).contains(values.count), "one to three spatial axes; received \(values)")
    self.values = values
  }

  /// The numbers for `rank` axes: a single number stands for all of them. Nil where the counts differ.
  public func expanded(to rank: Int) -> [Int]? {
    if values.count == rank { return values }
    return values.count == 1 ? [Int](repeating: values[0], count: rank) : nil
  }
}

extension Spatial: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  public init(integerLiteral value: Int) { self.init([value]) }
  public init(arrayLiteral values: Int...) { self.init(values) }
}

extension Spatial: CustomStringConvertible {
  public var description: String { values.count == 1 ? "\(values[0])" : "\(values)" }
}

/// Depth, height and width of a resolved geometry. One- and two-dimensional operations have leading axes of one, so
/// that every device has one loop nest.
@frozen
public struct Extent: Hashable, Sendable {
  public var depth: Int
  public var height: Int
  public var width: Int

  @inlinable
  public init(_ depth: Int, _ height: Int, _ width: Int) {
    self.depth = depth
    self.height = height
    self.width = width
  }

  @inlinable public init(repeating value: Int) { self.init(value, value, value) }

  /// The last one to three numbers are depth, height and width; the axes in front take `filler`.
  public init(_ values: [Int], filler: Int) {
    let padded = [Int](repeating: filler, count: 3 - values.count) + values
    self.init(padded[0], padded[1], padded[2])
  }

  @inlinable public var count: Int { depth * height * width }

  @inlinable
  public subscript(axis: Int) -> Int {
    get { axis == 0 ? depth : axis == 1 ? height : width }
    set {
      switch axis {
      case 0: depth = newValue
      case 1: height = newValue
      default: width = newValue
      }
    }
  }
}
