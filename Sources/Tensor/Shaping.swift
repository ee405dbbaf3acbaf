extension Tensor {
  /// The same elements under another shape; one size may be -1 and follows from the others.
  public func reshaped(_ target: [Int], file: StaticString = #fileID, line: Int = #line) -> Tensor {
    var sizes = target
    let known = sizes.filter { $0 != -1 }.reduce(1, *)
    if let open = sizes.firstIndex(of: -1), known > 0, count % known == 0 { sizes[open] = count / known }
    guard sizes.count <= Shape.maximumRank, sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(1, *) == count else {
      return Tensor.fail(
        "\(shape) has \(count) elements and cannot be reshaped to \(target)", [self],
        site: Site(file: file, line: line))
    }
    return viewed(as: Shape(sizes), site: Site(file: file, line: line))
  }

  public func reshaped(_ sizes: Int..., file: StaticString = #fileID, line: Int = #line) -> Tensor {
    reshaped(sizes, file: file, line: line)
  }

  /// One axis, or all axes from the first given one on, in one.
  public func flattened(from axis: Int = 0) -> Tensor {
    let first = Swift.min(Swift.max(0, axis < 0 ? axis + rank : axis), rank)
    return viewed(as: Shape(shape.sizes.prefix(first) + [shape.count(of: first..<rank)]))
  }

  public func expandedDims(at axis: Int, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    guard (0...rank).contains(position), rank < Shape.maximumRank else {
      return Tensor.fail(
        "no axis can be inserted at \(axis) of \(shape)", [self], site: Site(file: file, line: line))
    }
    return viewed(as: shape.inserting(1, at: position))
  }

  /// Without the axes of size 1, or without one of them.
  public func squeezed(axis: Int? = nil, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    guard let axis else { return viewed(as: Shape(shape.sizes.filter { $0 != 1 })) }
    guard let position = shape.normalized(axis: axis), shape[position] == 1 else {
      return Tensor.fail(
        "only axes of size 1 can be squeezed; axis \(axis) of \(shape) is not one", [self],
        site: Site(file: file, line: line))
    }
    return viewed(as: shape.removing(axis: position))
  }

  /// The axes in another order; reversed where none is given.
  public func transposed(_ order: [Int]? = nil, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    let order = order?.map { $0 < 0 ? $0 + rank : $0 } ?? Array((0..<rank).reversed())
    guard order.sorted() == Array(0..<rank) else {
      return Tensor.fail(
        "an order of axes names each of 0 ..< \(rank) once; received \(order)", [self],
        site: Site(file: file, line: line))
    }
    if order == Array(0..<rank) { return self }
    let strides = shape.strides
    let result = Shape(order.map { shape[$0] })
    return strided(result, offset: 0, strides: order.map { strides[$0] }, site: Site(file: file, line: line))
  }

  public func transposed(_ order: Int..., file: StaticString = #fileID, line: Int = #line) -> Tensor {
    transposed(order.isEmpty ? nil : order, file: file, line: line)
  }

  /// The elements repeated along axes of size 1, and new leading axes, up to a shape.
  public func broadcast(to target: Shape, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    if target == shape { return self }
    guard shape.broadcast(with: target) == target else {
      return Tensor.fail(
        "\(shape) does not broadcast to \(target)", [self], site: Site(file: file, line: line), shape: target)
    }
    let own = shape.strides
    let extra = target.rank - rank
    let strides = (0..<target.rank).map { $0 < extra || shape[$0 - extra] == 1 ? 0 : own[$0 - extra] }
    return strided(target, offset: 0, strides: strides, site: Site(file: file, line: line))
  }

  /// The elements in reversed order along axes, along all of them where none are given.
  public func flipped(axes: Axes? = nil, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    var strides = shape.strides
    var offset = 0
    for axis in axes?.values ?? Array(0..<rank) {
      guard let position = shape.normalized(axis: axis) else {
        return Tensor.fail(
          "axis \(axis) is outside the shape \(shape)", [self], site: Site(file: file, line: line))
      }
      offset += Swift.max(0, shape[position] - 1) * strides[position]
      strides[position] = -strides[position]
    }
    return strided(shape, offset: offset, strides: strides, site: Site(file: file, line: line))
  }

  /// The array repeated `counts` times along each axis.
  public func tiled(_ counts: [Int], file: StaticString = #fileID, line: Int = #line) -> Tensor {
    guard counts.count == rank, counts.allSatisfy({ $0 >= 0 }) else {
      return Tensor.fail(
        "tiling \(shape) needs \(rank) counts; received \(counts)", [self], site: Site(file: file, line: line)
      )
    }
    var result = self
    for (axis, times) in counts.enumerated() where times != 1 {
      if times == 0 {
        result = result.sliced(axis: axis, 0..<0, file: file, line: line)
        continue
      }
      result = Tensor.concatenated(
        [Tensor](repeating: result, count: times), axis: axis, file: file, line: line)
    }
    return result
  }

  /// Each element `count` times in a row along an axis.
  public func repeated(_ count: Int, axis: Int, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    guard let axis = shape.normalized(axis: axis), count >= 0 else {
      return Tensor.fail(
        "axis \(axis) is outside the shape \(shape)", [self], site: Site(file: file, line: line))
    }
    let outer = shape.count(of: 0..<axis)
    let inner = shape.count(of: axis + 1..<rank)
    var sizes = shape.sizes
    sizes[axis] *= count
    return viewed(as: [outer, shape[axis], 1, inner]).broadcast(to: [outer, shape[axis], count, inner])
      .viewed(as: Shape(sizes))
  }

  /// `before` and `after` elements of a constant around each axis.
  public func padded(
    _ sides: [Padding.Sides], value: Float = 0, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    guard sides.count == rank, sides.allSatisfy({ $0.before >= 0 && $0.after >= 0 }) else {
      return Tensor.fail(
        "padding \(shape) needs \(rank) pairs of counts; received \(sides.map { ($0.before, $0.after) })",
        [self],
        site: Site(file: file, line: line))
    }
    let target = Shape(zip(shape.sizes, sides).map { $0 + $1.before + $1.after })
    let strides = target.strides
    let piece = StridedCopy.Piece(
      shape: shape, inputStrides: shape.strides,
      outputOffset: zip(sides, strides).map { $0.before * $1 }.reduce(0, +), outputStrides: strides)
    return Tensor.copied(
      [self], [piece], shape: target, background: value, site: Site(file: file, line: line))
  }

  /// Arrays one after another along an axis.
  public static func concatenated(
    _ tensors: [Tensor], axis: Int = 0, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let site = Site(file: file, line: line)
    guard let first = tensors.first, let axis = first.shape.normalized(axis: axis) else {
      return fail("axis \(axis) is outside the shapes to concatenate", tensors, site: site)
    }
    var target = first.shape
    target[axis] = 0
    for tensor in tensors {
      var expected = first.shape
      if tensor.rank == first.rank { expected[axis] = tensor.shape[axis] }
      guard tensor.shape == expected, tensor.dtype == first.dtype else {
        return fail(
          "concatenation along axis \(axis) needs equal types and sizes elsewhere; received "
            + tensors.map { "\($0.shape) \($0.dtype)" }.joined(separator: ", "), tensors, site: site)
      }
      target[axis] += tensor.shape[axis]
    }
    if tensors.count == 1 { return first }
    let strides = target.strides
    var offset = 0
    let pieces = tensors.map { tensor in
      defer { offset += tensor.shape[axis] * strides[axis] }
      return StridedCopy.Piece(
        shape: tensor.shape, inputStrides: tensor.shape.strides, outputOffset: offset, outputStrides: strides)
    }
    return copied(tensors, pieces, shape: target, site: site)
  }

  /// Arrays of one shape along a new axis.
  public static func stacked(
    _ tensors: [Tensor], axis: Int = 0, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    concatenated(
      tensors.map { $0.expandedDims(at: axis, file: file, line: line) }, axis: axis, file: file, line: line)
  }

  /// Equal parts along an axis.
  public func split(
    into count: Int, axis: Int = 0, file: StaticString = #fileID, line: Int = #line
  ) -> [Tensor] {
    guard let position = shape.normalized(axis: axis), count > 0, shape[position] % count == 0 else {
      let failed = Tensor.fail(
        "axis \(axis) of \(shape) does not split into \(count) equal parts", [self],
        site: Site(file: file, line: line))
      return [Tensor](repeating: failed, count: Swift.max(1, count))
    }
    return split(
      sizes: [Int](repeating: shape[position] / count, count: count), axis: position, file: file, line: line)
  }

  /// Parts of the given sizes along an axis.
  public func split(
    sizes: [Int], axis: Int = 0, file: StaticString = #fileID, line: Int = #line
  ) -> [Tensor] {
    guard let position = shape.normalized(axis: axis), sizes.reduce(0, +) == shape[position] else {
      let failed = Tensor.fail(
        "the parts \(sizes) do not add up to axis \(axis) of \(shape)", [self],
        site: Site(file: file, line: line))
      return sizes.map { _ in failed }
    }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(axis: position, start..<start + size, file: file, line: line)
    }
  }

  /// The elements of a box of this array that strides describe.
  func strided(_ shape: Shape, offset: Int, strides: [Int], site: Site) -> Tensor {
    let piece = StridedCopy.Piece(
      shape: shape, inputOffset: offset, inputStrides: strides, outputStrides: shape.strides)
    return Tensor.copied([self], [piece], shape: shape, site: site)
  }

  static func copied(
    _ inputs: [Tensor], _ pieces: [StridedCopy.Piece], shape: Shape, background: Float = 0,
    site: Site = .unknown
  ) -> Tensor {
    let dtype = inputs.first?.dtype ?? .float32
    let word = dtype == .float32 ? Tensor(background) : Tensor(Int32(background))
    return record(.copy(StridedCopy(pieces)), inputs + [word], shape: shape, dtype: dtype, site: site)
  }
}

extension StridedCopy {
  /// Each piece goes back the way it came; where elements were repeated, the gradients are added first.
  func derivative(_ d: Differential) -> [Tensor?] {
    pieces.enumerated().map { index, piece -> Tensor? in
      guard d.isWanted[index] else { return nil }
      var (source, offset, strides, shape) = (d.dy, piece.outputOffset, piece.outputStrides, piece.shape)
      let repeated = shape.sizes.indices.filter { piece.inputStrides[$0] == 0 && shape[$0] != 1 }
      if !repeated.isEmpty {
        let dense = Piece(
          shape: shape, inputOffset: offset, inputStrides: strides, outputStrides: shape.strides)
        source = Tensor.copied([source], [dense], shape: shape).sum(axes: Axes(repeated), keepDims: true)
        (offset, strides, shape) = (0, source.shape.strides, source.shape)
      }
      let back = Piece(
        shape: shape, inputOffset: offset, inputStrides: strides, outputOffset: piece.inputOffset,
        outputStrides: piece.inputStrides)
      return Tensor.copied([source], [back], shape: d.operands[index].shape)
    } + [nil]
  }
}
