import MartletCore
import Testing

@Suite struct BatchNormalizationTests {
  static let shapes: [Shape] = [
    [1, 1], [37, 1], [5, 3], [300, 3], [19, 16], [500, 24], [700, 64], [33, 300], [3, 5, 7, 10],
  ]

  @Test(arguments: DevicePair.all, shapes)
  func forwardAndBackward(pair: DevicePair, shape: Shape) throws {
    let channels = shape[-1]
    let rows = shape.count / channels
    let (x, dy) = (noise(shape, seed: 21), noise(shape, seed: 22))
    let (gamma, beta) = (noise([channels], seed: 23), noise([channels], seed: 24))
    let epsilon = Operand.scalar(1e-3 as Float)
    let forward = try pair.run(
      .batchNormalization(.none), [x, gamma, beta], scalars: [epsilon],
      outputs: [(shape, .float32), ([channels], .float32), ([channels], .float32)])
    let backward = try pair.run(
      .batchNormalizationBackward(isRectified: false), [dy, x, gamma, forward[1], forward[2]],
      scalars: [epsilon],
      outputs: [(shape, .float32), ([channels], .float32), ([channels], .float32)])
    let (a, b) = (x.doubles, dy.doubles)
    var y = [Double](repeating: 0, count: shape.count)
    var dx = y
    var (means, variances, dgamma, dbeta): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for c in 0..<channels {
      let column = (0..<rows).map { $0 * channels + c }
      let mean = column.reduce(0) { $0 + a[$1] } / Double(rows)
      let variance = column.reduce(0) { $0 + (a[$1] - mean) * (a[$1] - mean) } / Double(rows)
      let inverse = 1 / (variance + Double(1e-3 as Float)).squareRoot()
      let sum = column.reduce(0) { $0 + b[$1] }
      let product = column.reduce(0) { $0 + b[$1] * (a[$1] - mean) * inverse }
      means.append(mean)
      variances.append(variance)
      dgamma.append(product)
      dbeta.append(sum)
      for i in column {
        let normal = (a[i] - mean) * inverse
        y[i] = gamma.doubles[c] * normal + beta.doubles[c]
        dx[i] = gamma.doubles[c] * inverse * (b[i] - sum / Double(rows) - normal * product / Double(rows))
      }
    }
    expectClose(forward[0].values(), y, relative: 1e-6, absolute: 3e-6, "y \(shape)")
    expectClose(forward[1].values(), means, relative: 1e-6, absolute: 1e-7, "mean \(shape)")
    expectClose(forward[2].values(), variances, relative: 2e-6, absolute: 1e-7, "variance \(shape)")
    expectClose(backward[0].values(), dx, relative: 1e-5, absolute: 1e-5, "dx \(shape)")
    expectClose(backward[1].values(), dgamma, relative: 1e-5, absolute: 1e-5, "dgamma \(shape)")
    expectClose(backward[2].values(), dbeta, relative: 1e-6, absolute: 1e-5, "dbeta \(shape)")
  }

  /// The bits are those of one operation after the other.
  @Test(arguments: DevicePair.all, shapes)
  func epilogues(pair: DevicePair, shape: Shape) throws {
    let channels = shape[-1]
    let inputs = [noise(shape, seed: 21), noise([channels], seed: 23), noise([channels], seed: 24)]
    let residual = noise(shape, seed: 26)
    let outputs: [(Shape, DType)] = [(shape, .float32), ([channels], .float32), ([channels], .float32)]
    func run(_ epilogue: Epilogue, _ more: [HostArray]) throws -> [Float] {
      try pair.run(
        .batchNormalization(epilogue), inputs + more, scalars: [.scalar(1e-3 as Float)], outputs: outputs)[0]
        .values()
    }
    let plain = try run(.none, [])
    #expect(try run(Epilogue(activation: .relu), []) == plain.map { max($0, 0) })
    let sums = zip(plain, residual.values(as: Float.self)).map { $0 + $1 }
    #expect(try run(Epilogue(hasResidual: true), [residual]) == sums)
    #expect(
      try run(Epilogue(hasResidual: true, activation: .relu), [residual]) == sums.map { max($0, 0) })
  }

  /// The bits are those of the rectifier's gradient by itself.
  @Test(arguments: DevicePair.all, shapes)
  func rectifiedBackward(pair: DevicePair, shape: Shape) throws {
    let channels = shape[-1]
    let (x, dy) = (noise(shape, seed: 21), noise(shape, seed: 22))
    let (gamma, beta) = (noise([channels], seed: 23), noise([channels], seed: 24))
    let epsilon = Operand.scalar(1e-3 as Float)
    let row: (Shape, DType) = ([channels], .float32)
    let forward = try pair.run(
      .batchNormalization(.none), [x, gamma, beta], scalars: [epsilon],
      outputs: [(shape, .float32), row, row, row])
    let masked = zip(dy.values(as: Float.self), forward[0].values(as: Float.self)).map { $1 > 0 ? $0 : 0 }
    let statistics = [x, gamma, forward[1], forward[2]]
    let outputs = [(shape, .float32), row, row]
    let plain = try pair.run(
      .batchNormalizationBackward(isRectified: false), [HostArray(masked, shape: shape)] + statistics,
      scalars: [epsilon], outputs: outputs)
    let rectified = try pair.run(
      .batchNormalizationBackward(isRectified: true), [dy] + statistics + [forward[3]], scalars: [epsilon],
      outputs: outputs)
    #expect(rectified == plain)
    // dx in the place of dy.
    for test in [pair.one, pair.two] {
      let operands = try ([dy] + statistics + [forward[3]]).map(test.upload)
      let rows = try [gamma, beta].map(test.upload)
      try test.device.encode(
        .batchNormalizationBackward(isRectified: true), inputs: operands + [epsilon],
        outputs: [operands[0]] + rows)
      try test.device.synchronize()
      #expect(try ([operands[0]] + rows).map(test.download) == plain)
    }
  }

  /// A mean ten thousand times the deviation, and a first element far from all others.
  @Test(arguments: DevicePair.all, [3, 16, 100])
  func largeMeans(pair: DevicePair, channels: Int) throws {
    let rows = 6000 / channels
    var values: [Float] = noise([rows, channels], seed: 25).values().map { $0 + 10_000 }
    values[0] = 0
    let x = HostArray(values, shape: [rows, channels])
    let ones = HostArray([Float](repeating: 1, count: channels))
    let zeros = HostArray([Float](repeating: 0, count: channels))
    let results = try pair.run(
      .batchNormalization(.none), [x, ones, zeros], scalars: [.scalar(1e-5 as Float)],
      outputs: [(x.shape, .float32), ([channels], .float32), ([channels], .float32)])
    let doubles = x.doubles
    var (y, variances) = ([Double](repeating: 0, count: x.shape.count), [Double]())
    for c in 0..<channels {
      let column = (0..<rows).map { $0 * channels + c }
      let mean = column.reduce(0) { $0 + doubles[$1] } / Double(rows)
      let variance = column.reduce(0) { $0 + (doubles[$1] - mean) * (doubles[$1] - mean) } / Double(rows)
      variances.append(variance)
      for i in column { y[i] = (doubles[i] - mean) / (variance + 1e-5).squareRoot() }
    }
    expectClose(results[2].values(), variances, relative: 1e-5, absolute: 0)
    expectClose(results[0].values(), y, relative: 1e-5, absolute: 1e-5)
  }
}
