extension Tensor {
  /// Pictures (N, H, W, C) at another size (N, height, width, C). Nothing is smoothed where they get smaller.
  public func resized(
    height: Int, width: Int, interpolation: Interpolation = .bilinear, file: StaticString = #fileID,
    line: Int = #line
  ) -> Tensor {
    let site = Site(file: file, line: line)
    guard rank == 4, shape[1] > 0, shape[2] > 0, height > 0, width > 0 else {
      return Tensor.fail(
        "resizing takes pictures (N, H, W, C) with at least 1x1 pixels to as many; received \(shape) and "
          + "\(height)x\(width)", [self], site: site)
    }
    let geometry = Resampling(interpolation, input: shape, height: height, width: width)
    if interpolation == .nearest && dtype != .float32 {
      // Numbers that float32 does not hold are picked.
      return gathered(Tensor(geometry.taps(axis: 1).places), axis: 1)
        .gathered(Tensor(geometry.taps(axis: 2).places), axis: 2)
    }
    return Tensor.record(.resampling(.forward, geometry), [self], shape: geometry.outputShape, site: site)
  }
}

extension Resampling {
  func derivative(of pass: ResamplingPass, _ d: Differential) -> [Tensor?] {
    switch pass {
    case .forward: [Tensor.record(.resampling(.backward, self), [d.dy], shape: inputShape)]
    case .backward: [Tensor.record(.resampling(.forward, self), [d.dy], shape: outputShape)]
    }
  }
}
