extension Tensor {
  /// The entries of an axis at int32 indices; those outside the axis give zeros. NumPy's `take`.
  ///
  /// - Returns: this shape with the axis replaced by the indices' shape.
  public func gathered(
    _ indices: Tensor, axis: Int = 0, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let site = Site(file: file, line: line)
    guard let axis = shape.normalized(axis: axis), !indices.dtype.isFloatingPoint,
      rank - 1 + indices.rank <= Shape.maximumRank
    else {
      return Tensor.fail(
        "gather needs an axis of \(shape) and whole-number indices; received axis \(axis) and \(indices.shape) "
          + "\(indices.dtype)", [self, indices], site: site)
    }
    let gather = Gather(
      outer: shape.count(of: 0..<axis), axis: shape[axis], inner: shape.count(of: axis + 1..<rank),
      count: indices.count)
    let target = Shape(shape.sizes[..<axis] + indices.shape.sizes + shape.sizes[(axis + 1)...])
    return Tensor.record(
      .gather(gather), [self, indices.cast(to: .int32)], shape: target, dtype: dtype, site: site)
  }

  /// One entry of the last axis for each index of its row: NumPy's `take_along_axis`.
  ///
  /// - Parameter indices: int32, of this shape but for the last axis.
  public func gathered(
    alongLastAxis indices: Tensor, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let site = Site(file: file, line: line)
    guard rank > 0, indices.rank == rank, indices.shape.sizes.dropLast() == shape.sizes.dropLast(),
      !indices.dtype.isFloatingPoint
    else {
      return Tensor.fail(
        "indices along the last axis of \(shape) must be whole numbers of that shape but for the last axis; "
          + "received \(indices.shape) \(indices.dtype)", [self, indices], site: site)
    }
    let gather = Gather(
      outer: shape.count(of: 0..<rank - 1), axis: shape[-1], inner: 1, count: indices.shape[-1],
      isBatched: true)
    return Tensor.record(
      .gather(gather), [self, indices.cast(to: .int32)], shape: indices.shape, dtype: dtype, site: site)
  }

  /// Ones at the classes that whole numbers name, zeros elsewhere; numbers outside 0 ..< classes give zeros only.
  public func oneHot(_ classes: Int, dtype: DType = .float32) -> Tensor {
    (expandedDims(at: -1).cast(to: .int32) .== Tensor.range(classes)).cast(to: dtype)
  }

  /// The k largest elements along the last axis in falling order, and their int32 indices.
  public func topK(
    _ k: Int, file: StaticString = #fileID, line: Int = #line
  ) -> (values: Tensor, indices: Tensor) {
    guard rank > 0, k > 0, k <= shape[-1], dtype.isFloatingPoint else {
      let failed = Tensor.fail(
        "top \(k) of \(shape) \(dtype): k must be in 1 ... \(rank > 0 ? shape[-1] : 0) and the elements float32",
        [self], site: Site(file: file, line: line))
      return (failed, failed)
    }
    let target = Shape(shape.sizes.dropLast() + [k])
    let results = Tensor.record(
      .topK(k), [self], outputs: [(target, dtype), (target, .int32)], site: Site(file: file, line: line))
    return (results[0], results[1])
  }
}

extension Gather {
  /// Gathering and adding back are each other's derivatives.
  func derivative(_ d: Differential) -> [Tensor?] {
    [Tensor.record(.scatterAdd(self), [d.dy, d.operands[1]], shape: d.operands[0].shape), nil]
  }

  func derivativeOfScatter(_ d: Differential) -> [Tensor?] {
    [Tensor.record(.gather(self), [d.dy, d.operands[1]], shape: d.operands[0].shape), nil]
  }
}

enum TopK {
  static func derivative(_ d: Differential) -> [Tensor?] {
    let x = d.operands[0]
    let gather = Gather(
      outer: x.shape.count(of: 0..<x.rank - 1), axis: x.shape[-1], inner: 1, count: d.y.shape[-1],
      isBatched: true)
    return [Tensor.record(.scatterAdd(gather), [d.dy, d.outputs[1]], shape: x.shape)]
  }
}
