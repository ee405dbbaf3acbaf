extension Tensor {
  /// The largest element under each window of an input (N, spatial axes, C).
  public func maxPooled(
    _ poolSize: Spatial, strides: Spatial? = nil, padding: Padding = .valid, file: StaticString = #fileID,
    line: Int = #line
  ) -> Tensor {
    pooled(
      Pooling(.max, poolSize: poolSize, strides: strides, padding: padding), Site(file: file, line: line)
    ).values
  }

  /// Maximum pooling, with the flat spatial positions of the maxima that `unpooled(_:like:)` takes.
  public func maxPooledWithPositions(
    _ poolSize: Spatial, strides: Spatial? = nil, padding: Padding = .valid, file: StaticString = #fileID,
    line: Int = #line
  ) -> (values: Tensor, positions: Tensor) {
    let result = pooled(
      Pooling(.max, poolSize: poolSize, strides: strides, padding: padding), Site(file: file, line: line))
    return (result.values, result.positions ?? result.values)
  }

  /// The mean under each window. Padding is not counted, unless `countsPadding`.
  public func averagePooled(
    _ poolSize: Spatial, strides: Spatial? = nil, padding: Padding = .valid, countsPadding: Bool = false,
    file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let kind = countsPadding ? Pooling.Kind.averageWithPadding : .average
    return pooled(
      Pooling(kind, poolSize: poolSize, strides: strides, padding: padding), Site(file: file, line: line)
    ).values
  }

  private func pooled(_ pooling: Pooling, _ site: Site) -> (values: Tensor, positions: Tensor?) {
    if isFailed { return (self, self) }
    do {
      let geometry = try pooling.geometry(input: shape)
      var outputs: [(shape: Shape, dtype: DType)] = [(geometry.outputShape, .float32)]
      if pooling.kind == .max { outputs.append((geometry.outputShape, .int32)) }
      let results = Tensor.record(.pooling(.forward, geometry), [self], outputs: outputs, site: site)
      return (results[0], results.count > 1 ? results[1] : nil)
    } catch {
      let failed = Tensor.fail((error as? ShapeError)?.message ?? "\(error)", [self], site: site)
      return (failed, failed)
    }
  }

  /// Puts each element back where maximum pooling found it, zeros elsewhere (Zeiler, Taylor, Fergus 2011, *Adaptive
  /// deconvolutional networks for mid and high level feature learning*).
  ///
  /// - Parameters:
  ///   - positions: what `maxPooledWithPositions` gave.
  ///   - shape: the shape that was pooled.
  public func unpooled(
    _ positions: Tensor, to shape: Shape, poolSize: Spatial, strides: Spatial? = nil,
    padding: Padding = .valid,
    file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    let site = Site(file: file, line: line)
    do {
      let pooling = Pooling(.max, poolSize: poolSize, strides: strides, padding: padding)
      let geometry = try pooling.geometry(input: shape)
      guard geometry.outputShape == self.shape, positions.shape == self.shape, positions.dtype == .int32
      else {
        return Tensor.fail(
          "unpooling to \(shape) needs values and int32 positions of \(geometry.outputShape); received "
            + "\(self.shape) and \(positions.shape) \(positions.dtype)", [self, positions], site: site,
          shape: shape)
      }
      return Tensor.record(.pooling(.backward, geometry), [self, positions], shape: shape, site: site)
    } catch {
      return Tensor.fail(
        (error as? ShapeError)?.message ?? "\(error)", [self, positions], site: site, shape: shape)
    }
  }
}

extension PoolingGeometry {
  func derivative(of pass: PoolingPass, _ d: Differential) -> [Tensor?] {
    let dy = d.dy
    switch (pass, kind) {
    case (.forward, .max):
      return [Tensor.record(.pooling(.backward, self), [dy, d.outputs[1]], shape: inputShape)]
    case (.backward, .max):
      return [Tensor.record(.pooling(.pick, self), [dy, d.operands[1]], shape: outputShape), nil]
    case (.pick, _):
      return [Tensor.record(.pooling(.backward, self), [dy, d.operands[1]], shape: inputShape), nil]
    case (.forward, _): return [Tensor.record(.pooling(.backward, self), [dy], shape: inputShape)]
    case (.backward, _): return [Tensor.record(.pooling(.forward, self), [dy], shape: outputShape)]
    }
  }
}
