import MartletCore

/// Elements as rows of channels.
private struct Rows {
  let channels: Int
  let count: Int

  init(_ shape: Shape) {
    channels = shape[-1]
    count = shape.count / channels
  }

  func column(_ channel: Int) -> [Int] { (0..<count).map { $0 * channels + channel } }
}

/// (x, gamma, beta, epilogue operands) → (y, mean, variance, shift)
func normalized(_ inputs: [HostArray], epsilon: Double, _ epilogue: Epilogue) -> [[Double]] {
  let rows = Rows(inputs[0].shape)
  let (x, gamma, beta) = (inputs[0].doubles, inputs[1].doubles, inputs[2].doubles)
  var y = [Double](repeating: 0, count: x.count)
  var (means, variances, shifts): ([Double], [Double], [Double]) = ([], [], [])
  for c in 0..<rows.channels {
    let column = rows.column(c)
    let mean = column.reduce(0) { $0 + x[$1] } / Double(rows.count)
    let variance = column.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(rows.count)
    means.append(mean)
    variances.append(variance)
    shifts.append(beta[c])
    for i in column { y[i] = gamma[c] * (x[i] - mean) / (variance + epsilon).squareRoot() + beta[c] }
  }
  epilogue.apply(to: &y, columns: rows.channels, inputs.dropFirst(3))
  return [y, means, variances, shifts]
}

/// (dy, x, gamma, mean, variance, shift where it is rectified) → (dx, dgamma, dbeta)
func normalizedBackward(_ inputs: [HostArray], epsilon: Double, isRectified: Bool) -> [[Double]] {
  let rows = Rows(inputs[1].shape)
  var (dy, x) = (inputs[0].doubles, inputs[1].doubles)
  let (gamma, means, variances) = (inputs[2].doubles, inputs[3].doubles, inputs[4].doubles)
  let shifts = isRectified ? inputs[5].doubles : []
  let count = Double(rows.count)
  var (dgamma, dbeta): ([Double], [Double]) = ([], [])
  for c in 0..<rows.channels {
    let column = rows.column(c)
    let inverse = 1 / (variances[c] + epsilon).squareRoot()
    for i in column {
      x[i] = (x[i] - means[c]) * inverse
      if isRectified, !(x[i] * gamma[c] + shifts[c] > 0) { dy[i] = 0 }
    }
    let sum = column.reduce(0) { $0 + dy[$1] }
    let product = column.reduce(0) { $0 + dy[$1] * x[$1] }
    dgamma.append(product)
    dbeta.append(sum)
    for i in column { dy[i] = gamma[c] * inverse * (dy[i] - sum / count - x[i] * product / count) }
  }
  return [dy, dgamma, dbeta]
}

extension Trial {
  private static let epsilon: Float = 1e-3

  /// Few rows and many, few channels and many, means far from zero.
  public static var batchNormalization: [Trial] {
    let shapes: [Shape] = [
      [1, 1], [37, 1], [5, 3], [300, 3], [19, 16], [500, 24], [700, 64], [33, 300], [3, 5, 7, 10],
    ]
    let epilogues = [
      Epilogue.none, Epilogue(activation: .relu), Epilogue(hasResidual: true),
      Epilogue(hasResidual: true, activation: .relu),
    ]
    return shapes.flatMap { shape in
      epilogues.map { normalization(of: shape, $0) }
        + [false, true].map { gradient(of: shape, isRectified: $0) }
    } + [3, 16, 100].map { farFromZero(channels: $0) }
  }

  static var largeBatchNormalization: [Trial] {
    let shape: Shape = [8, 28, 28, 64]
    return [normalization(of: shape, Epilogue(activation: .relu)), gradient(of: shape, isRectified: true)]
  }

  private static func operands(_ shape: Shape) -> [HostArray] {
    let row: Shape = [shape[-1]]
    return [noise(shape, seed: 21), noise(row, seed: 23), noise(row, seed: 24)]
  }

  private static func normalization(of shape: Shape, _ epilogue: Epilogue) -> Trial {
    let row: Shape = [shape[-1]]
    return Trial(
      .batchNormalization(epilogue), (["\(shape)"] + epilogue.words).joined(separator: ", "),
      operands(shape) + epilogue.operands(of: shape), numbers: [.float(epsilon)],
      outputs: [
        Output(shape, relative: 1e-6, absolute: 3e-6), Output(row, relative: 1e-6, absolute: 1e-7),
        Output(row, relative: 2e-6, absolute: 1e-7),
      ])
  }

  private static func gradient(of shape: Shape, isRectified: Bool) -> Trial {
    let row: Shape = [shape[-1]]
    @Sendable func inputs() -> [HostArray] {
      let (given, dy) = (operands(shape), noise(shape, seed: 22))
      let results = normalized(given, epsilon: Double(epsilon), .none)
      let statistics = results[1...2].map { HostArray($0.map { Float($0) }) }
      guard isRectified else { return [dy, given[0], given[1]] + statistics }
      // Nothing hangs on the sign of what is nearly zero.
      let gradients: [Float] = zip(dy.values(as: Float.self), results[0]).map { $1.magnitude < 1e-4 ? 0 : $0 }
      return [HostArray(gradients, shape: shape), given[0], given[1]] + statistics + [given[2]]
    }
    return Trial(
      .batchNormalizationBackward(isRectified: isRectified), "\(shape)\(isRectified ? ", rectified" : "")",
      inputs(), numbers: [.float(epsilon)],
      outputs: [
        Output(shape, relative: 1e-5, absolute: 1e-5), Output(row, relative: 1e-5, absolute: 2e-5),
        Output(row, relative: 1e-6, absolute: 1e-5),
      ])
  }

  /// A mean ten thousand times the deviation, and a first element far from all others.
  private static func farFromZero(channels: Int) -> Trial {
    let shape: Shape = [6000 / channels, channels]
    @Sendable func inputs() -> [HostArray] {
      var values: [Float] = noise(shape, seed: 25).values().map { $0 + 10_000 }
      values[0] = 0
      let row = [Float](repeating: 1, count: channels)
      return [HostArray(values, shape: shape), HostArray(row), HostArray(row.map { $0 - 1 })]
    }
    return Trial(
      .batchNormalization(.none), "\(shape) around 10000", inputs(), numbers: [.float(1e-5)],
      outputs: [
        Output(shape, relative: 1e-5, absolute: 1e-5), Output([channels], relative: 1e-6),
        Output([channels], relative: 1e-5),
      ])
  }
}
