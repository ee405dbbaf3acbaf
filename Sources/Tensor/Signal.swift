/// Which part of a convolution of signals is wanted.
public enum SignalMode: Hashable, Sendable {
  /// Every position at which the signals overlap: a + b - 1 elements along an axis.
  case full
  /// The positions at which one signal lies wholly inside the other: |a - b| + 1.
  case valid
  /// The middle of `full`, as large as the first signal.
  case same
}

/// The convolution of two signals of one to three axes, as in mathematics and SciPy: y[n] = Σ_t a[t] * b[n - t].
///
/// ```swift
/// convolve(Tensor([1, 2, 3]), Tensor([0, 1, 0.5]))                  // [0, 1, 2.5, 4, 1.5]
/// convolve(Tensor([1, 2, 3]), Tensor([0, 1, 0.5]), mode: .same)     // [1, 2.5, 4]
/// convolve(Tensor([1, 2, 3]), Tensor([0, 1, 0.5]), mode: .valid)    // [2.5]
/// ```
/// - Parameter mode: `.valid` asks that one signal is at least as large as the other along every axis.
public func convolve(
  _ a: Tensor, _ b: Tensor, mode: SignalMode = .full, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  a.slid(along: b, isFlipped: true, mode, Site(file: file, line: line))
}

/// The cross-correlation of two signals of one to three axes, as in SciPy: y[k] = Σ_t a[t] * b[t - k + b's length - 1].
/// It is the convolution with the second signal back to front.
public func correlate(
  _ a: Tensor, _ b: Tensor, mode: SignalMode = .full, file: StaticString = #fileID, line: Int = #line
) -> Tensor {
  a.slid(along: b, isFlipped: false, mode, Site(file: file, line: line))
}

extension Tensor {
  /// The sums of products at each position of a window. `isFlipped` where its elements are taken back to front.
  fileprivate func slid(along window: Tensor, isFlipped: Bool, _ mode: SignalMode, _ site: Site) -> Tensor {
    if isFailed || window.isFailed { return Tensor.fail("", [self, window], site: site) }
    guard (1...3).contains(rank), window.rank == rank, count > 0, window.count > 0 else {
      return Tensor.fail(
        "signals have one to three axes, both as many, and no empty ones; received \(shape) and \(window.shape)",
        [self, window], site: site)
    }
    let sizes = zip(shape.sizes, window.shape.sizes)
    if mode == .valid && !sizes.allSatisfy({ $0 >= $1 }) {
      guard sizes.allSatisfy({ $0 <= $1 }) else {
        return Tensor.fail(
          "mode .valid needs one signal to be at least as large as the other along every axis; received \(shape) "
            + "and \(window.shape)", [self, window], site: site)
      }
      // Convolution does not care which signal comes first, and correlation is a convolution with the second reversed.
      return (isFlipped ? window : window.flipped()).slid(along: self, isFlipped: true, .valid, site)
    }
    let kernel = isFlipped ? window.flipped() : window
    let pads = window.shape.sizes.map { length in
      switch mode {
      case .full: Padding.Sides(length - 1, length - 1)
      case .valid: Padding.Sides(0, 0)
      case .same: Padding.Sides(length - 1 - (length - 1) / 2, (length - 1) / 2)
      }
    }
    let y = viewed(as: Shape([1] + shape.sizes + [1])).convolution(
      kernel.viewed(as: Shape(kernel.shape.sizes + [1, 1])), padding: .explicit(pads))
    return y.viewed(as: Shape(y.shape.sizes.dropFirst().dropLast()))
  }
}
