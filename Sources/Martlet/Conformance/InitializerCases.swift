import MartletLayers

/// Initializers, which are random: mean, variance and largest magnitude of what they draw for a layer's kernel.
enum InitializerCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "glorot_uniform": try statistics(reader, .glorotUniform, "uniform")
    case "glorot_normal": try statistics(reader, .glorotNormal, "truncated_normal")
    case "he_uniform": try statistics(reader, .heUniform, "uniform")
    case "he_normal": try statistics(reader, .heNormal, "truncated_normal")
    case "lecun_uniform": try statistics(reader, .lecunUniform, "uniform")
    case "lecun_normal": try statistics(reader, .lecunNormal, "truncated_normal")
    default: nil
    }
  }

  private static func statistics(
    _ reader: CaseReader, _ initializer: Initializer, _ distribution: String
  ) throws -> Answer {
    try reader.options.require("distribution", .string(distribution))
    let values = try kernel(reader.options.shape("shape"), initializer).map(Double.init)
    let (mean, variance) = (try reader.options.double("mean"), try reader.options.double("variance"))
    let largest = try reader.options.double("max_abs")
    let count = Double(values.count)
    let sampleMean = values.reduce(0, +) / count
    let sampleVariance = values.reduce(0) { $0 + ($1 - sampleMean) * ($1 - sampleMean) } / count
    var answer = Answer(measures: [
      Answer.Measure(
        name: "mean", value: (sampleMean - mean).magnitude, limit: 4 * (variance / count).squareRoot()),
      Answer.Measure(
        name: "variance", value: (sampleVariance / variance - 1).magnitude,
        limit: reader.reference.tolerance),
    ])
    // One rounding of a Float is allowed.
    answer.expect(
      "no sample above \(largest)", values.allSatisfy { $0.magnitude <= largest * 1.000_001 })
    return answer
  }

  /// The first kernel of a layer that has one of this shape.
  private static func kernel(_ shape: Shape, _ initializer: Initializer) throws -> [Float] {
    switch shape.rank {
    case 2:
      let layer = Dense(shape[1], kernelInitializer: initializer)
      try layer.build(input: [shape[0]])
      return try layer.kernel.value.elements()
    case 4:
      let layer = Conv2D(shape[3], kernelSize: [shape[0], shape[1]], kernelInitializer: initializer)
      try layer.build(input: [shape[0], shape[1], shape[2]])
      return try layer.kernel.value.elements()
    default: throw Unsupported("a kernel of \(shape.rank) axes")
    }
  }
}
