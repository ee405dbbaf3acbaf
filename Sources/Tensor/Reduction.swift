/// Axes of a reduction: one, or several; negative ones count from the end.
public struct Axes: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, Sendable {
  var values: [Int]
  public init(_ values: [Int]) { self.values = values }
  public init(integerLiteral value: Int) { values = [value] }
  public init(arrayLiteral values: Int...) { self.values = values }
}

extension Tensor {
  /// The sum over the given axes, over all of them where none are given.
  public func sum(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    wide.reduced(.sum, axes, keepDims, Site(file: file, line: line))
  }

  /// Bytes and truth values as int32, so that they can be added up and multiplied.
  private var wide: Tensor { dtype == .bool || dtype == .uint8 ? cast(to: .int32) : self }

  public func product(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    wide.reduced(.product, axes, keepDims, Site(file: file, line: line))
  }

  /// The largest element; NaN where there is one.
  public func max(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.maximum, axes, keepDims, Site(file: file, line: line))
  }

  /// The smallest element; NaN where there is one.
  public func min(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.minimum, axes, keepDims, Site(file: file, line: line))
  }

  public func mean(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let numbers = dtype.isFloatingPoint ? self : cast(to: .float32)
    let sum = numbers.reduced(.sum, axes, keepDims, Site(file: file, line: line))
    return sum * (1 / Float(Swift.max(1, count) / Swift.max(1, sum.count)))
  }

  /// The mean squared distance from the mean; divided by the count, as in NumPy.
  public func variance(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let mean = mean(axes: axes, keepDims: true, file: file, line: line)
    return (self - mean).squared().mean(axes: axes, keepDims: keepDims, file: file, line: line)
  }

  /// The root of the variance.
  public func standardDeviation(
    axes: Axes? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    variance(axes: axes, keepDims: keepDims, file: file, line: line).squareRoot()
  }

  /// The int32 index of the first largest element along an axis, or in the flattened array.
  public func argmax(
    axis: Int? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    (axis == nil ? viewed(as: [count]) : self).reduced(
      .argMaximum, [axis ?? 0], keepDims, Site(file: file, line: line))
  }

  /// The int32 index of the first smallest element along an axis, or in the flattened array.
  public func argmin(
    axis: Int? = nil, keepDims: Bool = false, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    (axis == nil ? viewed(as: [count]) : self).reduced(
      .argMinimum, [axis ?? 0], keepDims, Site(file: file, line: line))
  }

  /// Whether all elements are true (not zero).
  public func all(axes: Axes? = nil, keepDims: Bool = false) -> Tensor {
    cast(to: .bool).cast(to: .int32).min(axes: axes, keepDims: keepDims).cast(to: .bool)
  }

  /// Whether any element is true (not zero).
  public func any(axes: Axes? = nil, keepDims: Bool = false) -> Tensor {
    cast(to: .bool).cast(to: .int32).max(axes: axes, keepDims: keepDims).cast(to: .bool)
  }

  /// Reduces runs of neighbouring axes, one primitive for each run.
  private func reduced(_ kind: Reduction.Kind, _ axes: Axes?, _ keepDims: Bool, _ site: Site) -> Tensor {
    var isReduced = [Bool](repeating: axes == nil, count: rank)
    for axis in axes?.values ?? [] {
      guard let position = shape.normalized(axis: axis) else {
        return Tensor.fail(
          "axis \(axis) is outside the shape \(shape), which has \(rank) axes", [self], site: site)
      }
      isReduced[position] = true
    }
    let isArgument = kind == .argMinimum || kind == .argMaximum
    if kind != .sum && kind != .product {
      guard !zip(shape.sizes, isReduced).contains(where: { $0 == 0 && $1 }) else {
        return Tensor.fail("\(kind) needs at least one element; the shape is \(shape)", [self], site: site)
      }
    }
    var result = self
    var end = rank
    while end > 0 {
      guard isReduced[end - 1] else {
        end -= 1
        continue
      }
      var start = end - 1
      while start > 0 && isReduced[start - 1] { start -= 1 }
      var sizes = result.shape.sizes
      for axis in start..<end { sizes[axis] = 1 }
      let reduction = Reduction(
        kind, outer: result.shape.count(of: 0..<start), length: result.shape.count(of: start..<end),
        inner: result.shape.count(of: end..<rank))
      if reduction.length != 1 || isArgument {
        result = Tensor.record(
          .reduction(reduction, of: nil), [result], shape: Shape(sizes), dtype: isArgument ? .int32 : dtype,
          site: site
        )
      }
      end = start
    }
    guard !keepDims else { return result }
    return result.viewed(as: Shape(zip(shape.sizes, isReduced).filter { !$1 }.map(\.0)), site: site)
  }
}

extension Reduction {
  func derivative(_ d: Differential) -> [Tensor?] {
    let wide: Shape = [outer, length, inner]
    let narrow: Shape = [outer, 1, inner]
    let dy = d.dy.viewed(as: narrow)
    func restored(_ gradient: Tensor) -> Tensor { gradient.viewed(as: d.operands[0].shape) }
    switch kind {
    case .sum: return [restored(dy.broadcast(to: wide))]
    case .minimum, .maximum:
      // Equal extrema share the gradient evenly.
      let x = d.operands[0].viewed(as: wide)
      let isExtremum = (x .== d.y.viewed(as: narrow)).cast(to: .float32)
      return [restored(isExtremum * (dy / isExtremum.sum(axes: 1, keepDims: true)))]
    case .product:
      // The product of the others: y / x, but where zeros are involved.
      let x = d.operands[0].viewed(as: wide)
      let isZero = x .== 0
      let zeros = isZero.cast(to: .float32).sum(axes: 1, keepDims: true)
      let nonzero = Tensor(1).where(isZero, else: x)
      let others = nonzero.product(axes: 1, keepDims: true)
      let withoutZeros = (others / nonzero).where(zeros .== 0, else: 0)
      let atTheZero = others.where((zeros .== 1) .&& isZero, else: 0)
      return [restored(dy * (withoutZeros + atTheZero))]
    case .argMinimum, .argMaximum: return [nil]
    }
  }
}
