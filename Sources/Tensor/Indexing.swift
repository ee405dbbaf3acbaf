/// What a subscript takes from one axis.
public struct TensorIndex: ExpressibleByIntegerLiteral, Sendable {
  enum Kind {
    case one(Int)
    case range(Int?, Int?, Int)
    case newAxis, rest
  }
  let kind: Kind

  init(kind: Kind) { self.kind = kind }
  public init(integerLiteral value: Int) { kind = .one(value) }
}

/// What may stand in a tensor's subscript: positions, ranges, `.all`, `.newAxis`, `.rest`.
public protocol TensorIndexConvertible { var tensorIndex: TensorIndex { get } }
extension TensorIndexConvertible where Self == TensorIndex {
  /// One position, which drops the axis; negative ones count from the end.
  public static func at(_ position: Int) -> TensorIndex { TensorIndex(kind: .one(position)) }
  /// NumPy's `start:end:step`; negative numbers count from the end, a negative step goes backwards.
  public static func range(_ start: Int? = nil, _ end: Int? = nil, step: Int = 1) -> TensorIndex {
    TensorIndex(kind: .range(start, end, step))
  }
  /// The whole axis.
  public static var all: TensorIndex { TensorIndex(kind: .range(nil, nil, 1)) }
  /// A new axis of size 1.
  public static var newAxis: TensorIndex { TensorIndex(kind: .newAxis) }
  /// All axes that are not named: NumPy's `...`.
  public static var rest: TensorIndex { TensorIndex(kind: .rest) }
}
extension TensorIndex: TensorIndexConvertible { public var tensorIndex: TensorIndex { self } }
extension Int: TensorIndexConvertible { public var tensorIndex: TensorIndex { .at(self) } }
extension Range<Int>: TensorIndexConvertible {
  public var tensorIndex: TensorIndex { .range(lowerBound, upperBound) }
}
extension ClosedRange<Int>: TensorIndexConvertible {
  public var tensorIndex: TensorIndex { .range(lowerBound, upperBound + 1) }
}
extension PartialRangeFrom<Int>: TensorIndexConvertible {
  public var tensorIndex: TensorIndex { .range(lowerBound, nil) }
}
extension PartialRangeUpTo<Int>: TensorIndexConvertible {
  public var tensorIndex: TensorIndex { .range(nil, upperBound) }
}

extension Tensor {
  /// A part of the array, as NumPy's basic indexing takes it.
  ///
  /// ```swift
  /// let x = Tensor([[1, 2, 3], [4, 5, 6]])
  /// x[1]                           // [4, 5, 6]
  /// x[.all, 0..<2]                 // [[1, 2], [4, 5]]
  /// x[.rest, .range(step: -1)]     // [[3, 2, 1], [6, 5, 4]]
  /// ```
  public subscript<each Index: TensorIndexConvertible>(
    _ indices: repeat each Index, file file: StaticString = #fileID, line line: Int = #line
  ) -> Tensor {
    var kinds: [TensorIndex.Kind] = []
    for index in repeat each indices { kinds.append(index.tensorIndex.kind) }
    return sliced(kinds, Site(file: file, line: line))
  }

  /// A range of one axis.
  public func sliced(
    axis: Int, _ range: Range<Int>, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    guard let position = shape.normalized(axis: axis), range.lowerBound >= 0,
      range.upperBound <= shape[position]
    else {
      return Tensor.fail(
        "the slice \(range) is outside axis \(axis) of \(shape)", [self], site: Site(file: file, line: line))
    }
    var kinds = [TensorIndex.Kind](repeating: .range(nil, nil, 1), count: rank)
    kinds[position] = .range(range.lowerBound, range.upperBound, 1)
    return sliced(kinds, Site(file: file, line: line))
  }

  private func sliced(_ indices: [TensorIndex.Kind], _ site: Site) -> Tensor {
    var indices = indices
    let used = indices.filter {
      if case .newAxis = $0 { false } else if case .rest = $0 { false } else { true }
    }
    guard used.count <= rank else {
      return Tensor.fail("\(used.count) indices for \(shape), which has \(rank) axes", [self], site: site)
    }
    let whole = [TensorIndex.Kind](repeating: .range(nil, nil, 1), count: rank - used.count)
    if let rest = indices.firstIndex(where: { if case .rest = $0 { true } else { false } }) {
      indices.replaceSubrange(rest...rest, with: whole)
    } else {
      indices += whole
    }
    let own = shape.strides
    var offset = 0
    var sizes: [Int] = []
    var strides: [Int] = []
    var kept: [Int] = []
    var axis = 0
    for index in indices {
      switch index {
      case .rest: break
      case .newAxis: kept.append(1)
      case .one(let position):
        let place = position < 0 ? position + shape[axis] : position
        guard (0..<shape[axis]).contains(place) else {
          return Tensor.fail("index \(position) is outside axis \(axis) of \(shape)", [self], site: site)
        }
        offset += place * own[axis]
        axis += 1
      case .range(let start, let end, let step):
        precondition(step != 0, "the step of a slice is not zero")
        let span = Tensor.span(start, end, step, size: shape[axis])
        offset += span.start * own[axis]
        sizes.append(span.count)
        strides.append(step * own[axis])
        kept.append(span.count)
        axis += 1
      }
    }
    guard kept.count <= Shape.maximumRank else {
      return Tensor.fail("the result would have \(kept.count) axes", [self], site: site)
    }
    let taken = Shape(sizes)
    if taken == shape && offset == 0 && strides == own { return viewed(as: Shape(kept), site: site) }
    return strided(taken, offset: taken.count == 0 ? 0 : offset, strides: strides, site: site)
      .viewed(as: Shape(kept), site: site)
  }

  /// Python's rules for the bounds of a slice.
  private static func span(_ start: Int?, _ end: Int?, _ step: Int, size: Int) -> (start: Int, count: Int) {
    func clamp(_ value: Int, _ lower: Int, _ upper: Int) -> Int {
      let place = value < 0 ? value + size : value
      return Swift.min(Swift.max(place, lower), upper)
    }
    if step > 0 {
      let first = clamp(start ?? 0, 0, size)
      let last = clamp(end ?? size, 0, size)
      return (first, Swift.max(0, (last - first + step - 1) / step))
    }
    let first = start.map { clamp($0, -1, size - 1) } ?? size - 1
    let last = end.map { clamp($0, -1, size - 1) } ?? -1
    return (Swift.max(0, first), Swift.max(0, (first - last - step - 1) / -step))
  }
}
