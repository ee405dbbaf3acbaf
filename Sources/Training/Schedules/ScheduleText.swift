import MartletLayers

/// Learning-rate schedules as text: a number, or a name with options.
///
/// ```
/// 0.001
/// cosine:decaySteps=1000,alpha=0.1
/// piecewise:boundaries=100/200,values=0.1/0.05/0.01
/// warmUp:steps=100,schedule=exponential:decaySteps=1000,decayRate=0.5
/// ```
/// Options have the names of the initializers' parameters. The rest of the text after `schedule=` is another schedule.
public enum ScheduleText {
  public static let names = [
    "exponential", "inverseTime", "polynomial", "cosine", "piecewise", "oneCycle", "warmUp",
  ]

  /// The schedule that a text describes.
  ///
  /// - Parameters:
  ///   - learningRate: the initial rate (the largest of `oneCycle`) where the text gives none.
  ///   - totalSteps: how long the schedule is where the text does not say.
  /// - Throws: `NameError` for schedules and options that there are not, `OptionTextError` for values.
  public static func parse(
    _ text: String, learningRate: Float = 1e-3, totalSteps: Int? = nil
  ) throws -> any LearningRateSchedule {
    if let rate = Float(text) {
      guard rate.isFinite && rate >= 0 else {
        throw OptionTextError(message: "a learning rate is not negative and finite; received \(text)")
      }
      return rate
    }
    var options = TextOptions(text)
    func read(_ keys: String...) throws { try options.read(keys) }
    func decaySteps() throws -> Int { try options.count("decaySteps", totalSteps) }
    switch options.name {
    case "exponential":
      try read("initialLearningRate", "decaySteps", "decayRate", "staircase")
      return ExponentialDecay(
        try options.number("initialLearningRate", learningRate), decaySteps: try decaySteps(),
        decayRate: try options.number("decayRate"), staircase: try options.truth("staircase"))
    case "inverseTime":
      try read("initialLearningRate", "decaySteps", "decayRate", "staircase")
      return InverseTimeDecay(
        try options.number("initialLearningRate", learningRate), decaySteps: try decaySteps(),
        decayRate: try options.number("decayRate"), staircase: try options.truth("staircase"))
    case "polynomial":
      try read("initialLearningRate", "decaySteps", "endLearningRate", "power", "cycle")
      return PolynomialDecay(
        try options.number("initialLearningRate", learningRate), decaySteps: try decaySteps(),
        endLearningRate: try options.number("endLearningRate", 0.0001),
        power: try options.number("power", 1), cycle: try options.truth("cycle"))
    case "cosine":
      try read("initialLearningRate", "decaySteps", "alpha", "warmupTarget", "warmupSteps")
      return CosineDecay(
        try options.number("initialLearningRate", learningRate), decaySteps: try decaySteps(),
        alpha: try options.number("alpha", 0),
        warmupTarget: options.has("warmupTarget") ? try options.number("warmupTarget") : nil,
        warmupSteps: options.has("warmupSteps") ? try options.count("warmupSteps", from: 0) : 0)
    case "piecewise":
      try read("boundaries", "values")
      let (boundaries, values) = (try options.counts("boundaries"), try options.numbers("values"))
      guard values.count == boundaries.count + 1, zip(boundaries, boundaries.dropFirst()).allSatisfy(<)
      else {
        throw OptionTextError(
          message: "piecewise needs rising boundaries and one value more than those; received "
            + "\(boundaries.count) boundaries and \(values.count) values")
      }
      return PiecewiseConstantDecay(boundaries: boundaries, values: values)
    case "oneCycle":
      try read(
        "maximumLearningRate", "totalSteps", "risingShare", "divisionFactor", "finalDivisionFactor")
      return OneCycle(
        try options.number("maximumLearningRate", learningRate),
        totalSteps: try options.count("totalSteps", totalSteps),
        risingShare: try options.number("risingShare", 0.3, in: 0...1),
        divisionFactor: try options.number("divisionFactor", 25, in: 1...1e9),
        finalDivisionFactor: try options.number("finalDivisionFactor", 10000, in: 1...1e9))
    case "warmUp":
      try read("steps", "start", "schedule")
      let schedule = options.has("schedule") ? try options.text("schedule") : "\(learningRate)"
      let steps = try options.count("steps", from: 0)
      return WarmUp(
        try parse(schedule, learningRate: learningRate, totalSteps: totalSteps.map { max(1, $0 - steps) }),
        steps: steps, start: try options.number("start", 0))
    default: throw NameError(kind: "schedule", name: options.name, known: names)
    }
  }

  /// The text of options, in order.
  fileprivate static func describe(_ name: String, _ options: KeyValuePairs<String, Any>) -> String {
    "\(name):" + options.map { "\($0)=\($1)" }.joined(separator: ",")
  }
}

extension ExponentialDecay {
  public var description: String {
    ScheduleText.describe(
      "exponential",
      [
        "initialLearningRate": initialLearningRate, "decaySteps": decaySteps, "decayRate": decayRate,
        "staircase": staircase,
      ])
  }
}

extension InverseTimeDecay {
  public var description: String {
    ScheduleText.describe(
      "inverseTime",
      [
        "initialLearningRate": initialLearningRate, "decaySteps": decaySteps, "decayRate": decayRate,
        "staircase": staircase,
      ])
  }
}

extension PolynomialDecay {
  public var description: String {
    ScheduleText.describe(
      "polynomial",
      [
        "initialLearningRate": initialLearningRate, "decaySteps": decaySteps,
        "endLearningRate": endLearningRate, "power": power, "cycle": cycle,
      ])
  }
}

extension CosineDecay {
  public var description: String {
    ScheduleText.describe(
      "cosine",
      ["initialLearningRate": initialLearningRate, "decaySteps": decaySteps, "alpha": alpha])
      + (warmupTarget.map { ",warmupTarget=\($0),warmupSteps=\(warmupSteps)" } ?? "")
  }
}

extension PiecewiseConstantDecay {
  public var description: String {
    ScheduleText.describe(
      "piecewise",
      [
        "boundaries": boundaries.map(String.init).joined(separator: "/"),
        "values": values.map { "\($0)" }.joined(separator: "/"),
      ])
  }
}

extension OneCycle {
  public var description: String {
    ScheduleText.describe(
      "oneCycle",
      [
        "maximumLearningRate": maximumLearningRate, "totalSteps": totalSteps, "risingShare": risingShare,
        "divisionFactor": divisionFactor, "finalDivisionFactor": finalDivisionFactor,
      ])
  }
}

extension WarmUp {
  public var description: String {
    ScheduleText.describe("warmUp", ["steps": steps, "start": start, "schedule": schedule])
  }
}
