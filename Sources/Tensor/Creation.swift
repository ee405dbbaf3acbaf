extension Tensor {
  /// One number everywhere.
  public static func full(_ shape: Shape, _ value: Float) -> Tensor {
    record(Recipe.fill, [Tensor(value)], shape: shape)
  }
  public static func zeros(_ shape: Shape) -> Tensor { full(shape, 0) }
  public static func ones(_ shape: Shape) -> Tensor { full(shape, 1) }
  public static func zeros(like other: Tensor) -> Tensor { zeros(other.shape) }
  public static func ones(like other: Tensor) -> Tensor { ones(other.shape) }

  /// 0, 1, ..., count - 1 as int32.
  public static func range(_ count: Int) -> Tensor { Tensor((0..<Int32(count)).map { $0 }) }

  /// Numbers from `start` by `step`, not reaching `end`, as float32: NumPy's `arange`.
  public static func range(from start: Float, to end: Float, by step: Float = 1) -> Tensor {
    Tensor(Array(stride(from: start, to: end, by: step)))
  }

  /// `count` evenly spaced numbers, both ends included.
  public static func linspace(_ start: Float, _ end: Float, count: Int) -> Tensor {
    let last = Float(Swift.max(1, count - 1))
    return Tensor((0..<count).map { start + (end - start) * (Float($0) / last) })
  }

  /// Ones on the diagonal.
  public static func identity(_ size: Int) -> Tensor { range(size).oneHot(size) }
}

// MARK: - Random numbers

extension Tensor {
  /// Numbers evenly distributed over [low, high), from the next key of the context's random state.
  public static func randomUniform(_ shape: Shape, low: Float = 0, high: Float = 1) -> Tensor {
    let unit = random(.uniform, shape, key: nil)
    return low == 0 && high == 1 ? unit : unit * (high - low) + low
  }

  /// Normally distributed numbers, from the next key of the context's random state.
  public static func randomNormal(_ shape: Shape, mean: Float = 0, standardDeviation: Float = 1) -> Tensor {
    let unit = random(.normal, shape, key: nil)
    return mean == 0 && standardDeviation == 1 ? unit : unit * standardDeviation + mean
  }

  /// Numbers of a distribution that are a function of a key only.
  package static func random(_ distribution: Distribution, _ shape: Shape, key: UInt64?) -> Tensor {
    let key = key ?? Context.current.random.takeKey()
    let halves = [UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)]
    return record(
      .random(distribution), halves.map { Tensor(Int32(bitPattern: $0)) }, shape: shape)
  }
}
