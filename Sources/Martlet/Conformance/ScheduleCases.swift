import MartletTraining

/// Learning rates of the steps from 0 on.
enum ScheduleCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    guard let schedule = try schedule(reader) else { return nil }
    let steps = try reader.expected("lr").shape.count
    return Answer(tensors: [
      "lr": Tensor((0..<steps).map { schedule.rate(at: $0) }, shape: [steps])
    ])
  }

  private static func schedule(_ reader: CaseReader) throws -> (any LearningRateSchedule)? {
    switch reader.op {
    case "ExponentialDecay":
      return ExponentialDecay(
        try reader.options.float("initial_learning_rate"),
        decaySteps: try reader.options.count("decay_steps"),
        decayRate: try reader.options.float("decay_rate"),
        staircase: try reader.options.bool("staircase", default: false))
    case "InverseTimeDecay":
      return InverseTimeDecay(
        try reader.options.float("initial_learning_rate"),
        decaySteps: try reader.options.count("decay_steps"),
        decayRate: try reader.options.float("decay_rate"),
        staircase: try reader.options.bool("staircase", default: false))
    case "PolynomialDecay":
      return PolynomialDecay(
        try reader.options.float("initial_learning_rate"),
        decaySteps: try reader.options.count("decay_steps"),
        endLearningRate: try reader.options.float("end_learning_rate", default: 0.0001),
        power: try reader.options.float("power", default: 1),
        cycle: try reader.options.bool("cycle", default: false))
    case "CosineDecay":
      return CosineDecay(
        try reader.options.float("initial_learning_rate"),
        decaySteps: try reader.options.count("decay_steps"),
        alpha: try reader.options.float("alpha", default: 0),
        warmupTarget: reader.options.isNull("warmup_target")
          ? nil : try reader.options.float("warmup_target"),
        warmupSteps: reader.options.isGiven("warmup_steps") ? try reader.options.count("warmup_steps") : 0)
    case "PiecewiseConstantDecay":
      let (boundaries, values) = (try reader.options.ints("boundaries"), try reader.options.floats("values"))
      guard values.count == boundaries.count + 1, zip(boundaries, boundaries.dropFirst()).allSatisfy(<)
      else { throw Unsupported("\(boundaries.count) boundaries with \(values.count) values") }
      return PiecewiseConstantDecay(boundaries: boundaries, values: values)
    default: return nil
    }
  }
}
