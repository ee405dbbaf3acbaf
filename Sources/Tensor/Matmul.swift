extension Tensor {
  /// The matrix product over the last two axes; leading axes are batches and broadcast. A vector on either side is a
  /// row or a column that the result drops again: NumPy's `matmul`.
  public func matmul(_ other: Tensor, file: StaticString = #fileID, line: Int = #line) -> Tensor {
    let site = Site(file: file, line: line)
    guard rank > 0, other.rank > 0 else {
      return Tensor.fail(
        "matmul needs arrays of at least one axis; received scalars", [self, other], site: site)
    }
    let a = rank == 1 ? viewed(as: [1, count]) : self
    let b = other.rank == 1 ? other.viewed(as: [other.count, 1]) : other
    var product = a.matrixProduct(b, site: site)
    if rank == 1 { product = product.viewed(as: product.shape.removing(axis: -2)) }
    if other.rank == 1 { product = product.viewed(as: product.shape.removing(axis: -1)) }
    return product
  }

  private func matrixProduct(_ other: Tensor, site: Site) -> Tensor {
    guard shape[-1] == other.shape[-2] else {
      return Tensor.fail(
        "matmul needs as many columns on the left as rows on the right; received \(shape) and \(other.shape)",
        [self, other], site: site)
    }
    let left = Shape(shape.sizes.dropLast(2))
    let right = Shape(other.shape.sizes.dropLast(2))
    guard let batch = left.broadcast(with: right) else {
      return Tensor.fail(
        "the batch axes of \(shape) and \(other.shape) do not broadcast", [self, other], site: site)
    }
    let matrix = [shape[-2], other.shape[-1]]
    // One matrix on the right for all rows on the left is a single larger product.
    if right.count == 1 {
      let rows = left.count * shape[-2]
      return Tensor.gemm(
        GEMM(m: rows, n: matrix[1], k: shape[-1]), viewed(as: [rows, shape[-1]]),
        other.viewed(as: [shape[-1], matrix[1]]), site: site
      ).viewed(as: Shape(batch.sizes + matrix))
    }
    let sharesA = left.count == 1
    let a = sharesA || left == batch ? self : broadcast(to: Shape(batch.sizes + shape.sizes.suffix(2)))
    let b = right == batch ? other : other.broadcast(to: Shape(batch.sizes + other.shape.sizes.suffix(2)))
    return Tensor.gemm(
      GEMM(m: matrix[0], n: matrix[1], k: shape[-1], batch: batch.count, sharesA: sharesA), a, b, site: site
    ).viewed(as: Shape(batch.sizes + matrix))
  }

  /// x · w + bias through an activation, over the last axis of x: the operation of a dense layer.
  package func dense(
    _ w: Tensor, bias: Tensor?, activation: Epilogue.Activation, site: Site = .unknown
  ) -> Tensor {
    guard rank >= 1, w.rank == 2, shape[-1] == w.shape[0] else {
      return Tensor.fail(
        "a kernel of \(w.shape) needs inputs of \(w.shape[0]) features; received \(shape)", [self, w],
        site: site)
    }
    let rows = count / Swift.max(1, shape[-1])
    let product = Tensor.gemm(
      GEMM(m: rows, n: w.shape[1], k: shape[-1]), viewed(as: [rows, shape[-1]]), w, bias: bias,
      activation: activation, site: site)
    return product.viewed(as: Shape(shape.sizes.dropLast() + [w.shape[1]]))
  }

  static func gemm(
    _ gemm: GEMM, _ a: Tensor, _ b: Tensor, bias: Tensor? = nil, activation: Epilogue.Activation = .linear,
    site: Site = .unknown
  ) -> Tensor {
    let shape: Shape = gemm.batch == 1 ? [gemm.m, gemm.n] : [gemm.batch, gemm.m, gemm.n]
    return record(
      .gemm(gemm, Epilogue(hasBias: bias != nil, activation: activation)),
      [a, b] + (bias.map { [$0] } ?? []),
      shape: shape, site: site)
  }
}

extension GEMM {
  func derivative(_ epilogue: Epilogue, _ d: Differential) -> [Tensor?] {
    let dz = epilogue.gradientBeforeActivation(d)
    let a = d.operands[0]
    let b = d.operands[1]
    // With A = op(a) and B = op(b): dA = dz · Bᵀ and dB = Aᵀ · dz, stored transposed where a or b is.
    func gradientOfA() -> Tensor {
      let gradient =
        transposeA
        ? Tensor.gemm(
          GEMM(m: k, n: m, k: n, transposeA: transposeB, transposeB: true, batch: batch, sharesA: sharesB), b,
          dz)
        : Tensor.gemm(
          GEMM(m: m, n: k, k: n, transposeB: !transposeB, batch: batch, sharesB: sharesB), dz, b)
      return sharesA && batch > 1 ? gradient.sum(axes: 0).viewed(as: a.shape) : gradient.viewed(as: a.shape)
    }
    func gradientOfB() -> Tensor {
      let gradient =
        transposeB
        ? Tensor.gemm(
          GEMM(m: n, n: k, k: m, transposeA: true, transposeB: transposeA, batch: batch, sharesB: sharesA),
          dz, a)
        : Tensor.gemm(
          GEMM(m: k, n: n, k: m, transposeA: !transposeA, batch: batch, sharesA: sharesA), a, dz)
      return sharesB && batch > 1 ? gradient.sum(axes: 0).viewed(as: b.shape) : gradient.viewed(as: b.shape)
    }
    return [d.isWanted[0] ? gradientOfA() : nil, d.isWanted[1] ? gradientOfB() : nil]
      + epilogue.gradients(of: dz, d, first: 2)
  }
}

extension Epilogue {
  /// The gradient of what went into the activation.
  func gradientBeforeActivation(_ d: Differential) -> Tensor {
    switch activation {
    case .linear: d.dy
    case .relu: d.dy.reluBackward(d.y)
    case .sigmoid: d.dy * (d.y * (1 - d.y))
    case .tanh: d.dy * (1 - d.y.squared())
    }
  }

  /// The gradients of bias and residual, which are operands `first` and on.
  func gradients(of dz: Tensor, _ d: Differential, first: Int) -> [Tensor?] {
    var gradients: [Tensor?] = []
    if hasBias {
      let bias = d.operands[first]
      gradients.append(
        d.isWanted[first]
          ? dz.viewed(as: [dz.count / bias.count, bias.count]).sum(axes: 0).viewed(as: bias.shape) : nil)
    }
    if hasResidual { gradients.append(dz) }
    return gradients
  }
}
