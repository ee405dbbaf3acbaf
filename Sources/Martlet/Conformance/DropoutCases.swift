import MartletLayers

/// Dropout, which is random: what is checked is how much is kept, how it is scaled, and that the gradient uses the
/// same mask.
enum DropoutCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "Dropout": return try statistics(reader, Dropout(rate(reader)), perChannel: false)
    case "SpatialDropout2D": return try statistics(reader, SpatialDropout2D(rate(reader)), perChannel: true)
    default: return nil
    }
  }

  private static func rate(_ reader: CaseReader) throws -> Float {
    let rate = try reader.options.float("rate")
    guard rate >= 0 && rate < 1 else { throw Unsupported("\(reader.op) with rate \(rate)") }
    return rate
  }

  private static func statistics(
    _ reader: CaseReader, _ layer: any Layer, perChannel: Bool
  ) throws -> Answer {
    let shape = try reader.options.shape("shape")
    let rate = try rate(reader)
    let x = try compute { Tensor.randomUniform(shape, low: 1, high: 2) }
    func step() throws -> (y: [Float], dx: [Float]) {
      let result = try reader.differentiated([x], seed: Tensor.ones(shape)) { layer($0[0]) }
      return (try result.y.elements(), try result.inputs[0].elements())
    }
    let (first, second) = try withContext(seed: 7) { (try step(), try step()) }
    let again = try withContext(seed: 7) { try step() }
    let unchanged: [Float] = try compute(phase: .inference) { layer(x) }.elements()
    let values: [Float] = try x.elements()

    let kept = Double(first.dx.count { $0 != 0 }) / Double(first.dx.count)
    let scale = 1 / (1 - rate)
    var answer = Answer(measures: [
      Answer.Measure(
        name: "kept fraction", value: (kept - Double(1 - rate)).magnitude, limit: reader.reference.tolerance)
    ])
    answer.expect("kept values are scaled", first.dx.allSatisfy { $0 == 0 || ($0 - scale).magnitude < 1e-6 })
    answer.expect(
      "the gradient has the same mask",
      zip(zip(first.y, first.dx), values).allSatisfy { ($0.0 - $0.1 * $1).magnitude <= 1e-5 })
    answer.expect("masks differ between steps", first.dx != second.dx)
    answer.expect("masks repeat for equal seeds", first.dx == again.dx)
    answer.expect("inference changes nothing", unchanged == values)
    if perChannel { answer.expect("whole channels are dropped", isConstantInSpace(first.dx, shape)) }
    return answer
  }

  /// Whether all positions of a picture (N, H, W, C) have the same values.
  private static func isConstantInSpace(_ values: [Float], _ shape: Shape) -> Bool {
    let (positions, channels) = (shape[1] * shape[2], shape[3])
    return values.indices.allSatisfy { index in
      values[index] == values[index / (positions * channels) * (positions * channels) + index % channels]
    }
  }
}
