import MartletCore
import MartletDefinitions
import Testing

@Suite struct BatchNormalizationTests {
  static let shapes: [Shape] = [
    [1, 1], [37, 1], [5, 3], [300, 3], [19, 16], [500, 24], [700, 64], [33, 300], [3, 5, 7, 10],
  ]

  @Test(arguments: Trial.batchNormalization)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

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
}
