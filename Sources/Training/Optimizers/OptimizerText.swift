import MartletLayers

/// Optimizers as text: a name, or a name with options.
///
/// ```
/// adam
/// sgd:momentum=0.9,nesterov=true,weightDecay=0.0005
/// adamw:globalClipNorm=1
/// ```
/// Options have the names of the initializers' parameters. All optimizers take `weightDecay`, one of `clipValue`,
/// `clipNorm` and `globalClipNorm`, and `accumulate`.
public enum OptimizerText {
  public static let names = ["sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "adamax"]

  /// The optimizer that a text describes.
  ///
  /// - Throws: `NameError` for optimizers and options that there are not, `OptionTextError` for values.
  public static func parse(_ text: String, learningRate: any LearningRateSchedule) throws -> any Optimizer {
    var options = TextOptions(text)
    func read(_ keys: String...) throws -> Shared {
      try options.read(keys + Shared.keys)
      return try Shared(options)
    }
    func share(_ key: String, _ fallback: Float) throws -> Float {
      let share = try options.number(key, fallback)
      guard share < 1 else {
        throw OptionTextError(
          message: "\(key) of \(options.name) is a number from 0 to below 1; received \(share)")
      }
      return share
    }
    switch options.name {
    case "sgd":
      let shared = try read("momentum", "nesterov")
      return SGD(
        learningRate: learningRate, momentum: try share("momentum", 0),
        nesterov: try options.truth("nesterov"),
        weightDecay: shared.weightDecay ?? 0, clipping: shared.clipping, accumulate: shared.accumulate)
    case "rmsprop":
      let shared = try read("rho", "momentum", "epsilon", "centered")
      return RMSprop(
        learningRate: learningRate, rho: try share("rho", 0.9), momentum: try share("momentum", 0),
        epsilon: try options.number("epsilon", 1e-7), centered: try options.truth("centered"),
        weightDecay: shared.weightDecay ?? 0, clipping: shared.clipping, accumulate: shared.accumulate)
    case "adam":
      let shared = try read("beta1", "beta2", "epsilon", "amsgrad")
      return Adam(
        learningRate: learningRate, beta1: try share("beta1", 0.9), beta2: try share("beta2", 0.999),
        epsilon: try options.number("epsilon", 1e-7), amsgrad: try options.truth("amsgrad"),
        weightDecay: shared.weightDecay ?? 0, clipping: shared.clipping, accumulate: shared.accumulate)
    case "adamw":
      let shared = try read("beta1", "beta2", "epsilon", "amsgrad")
      return AdamW(
        learningRate: learningRate, beta1: try share("beta1", 0.9), beta2: try share("beta2", 0.999),
        epsilon: try options.number("epsilon", 1e-7), amsgrad: try options.truth("amsgrad"),
        weightDecay: shared.weightDecay ?? 0.004, clipping: shared.clipping, accumulate: shared.accumulate)
    case "adagrad":
      let shared = try read("initialAccumulatorValue", "epsilon")
      return Adagrad(
        learningRate: learningRate,
        initialAccumulatorValue: try options.number("initialAccumulatorValue", 0.1),
        epsilon: try options.number("epsilon", 1e-7), weightDecay: shared.weightDecay ?? 0,
        clipping: shared.clipping, accumulate: shared.accumulate)
    case "adadelta":
      let shared = try read("rho", "epsilon")
      return Adadelta(
        learningRate: learningRate, rho: try share("rho", 0.95), epsilon: try options.number("epsilon", 1e-7),
        weightDecay: shared.weightDecay ?? 0, clipping: shared.clipping, accumulate: shared.accumulate)
    case "adamax":
      let shared = try read("beta1", "beta2", "epsilon")
      return Adamax(
        learningRate: learningRate, beta1: try share("beta1", 0.9), beta2: try share("beta2", 0.999),
        epsilon: try options.number("epsilon", 1e-7), weightDecay: shared.weightDecay ?? 0,
        clipping: shared.clipping, accumulate: shared.accumulate)
    default: throw NameError(kind: "optimizer", name: options.name, known: names)
    }
  }

  /// The options of all optimizers.
  private struct Shared {
    static let keys = ["weightDecay", "clipValue", "clipNorm", "globalClipNorm", "accumulate"]
    let weightDecay: Float?
    let clipping: Clipping
    let accumulate: Int

    init(_ options: TextOptions) throws {
      weightDecay = options.has("weightDecay") ? try options.number("weightDecay") : nil
      accumulate = try options.count("accumulate", 1)
      let given = ["clipValue", "clipNorm", "globalClipNorm"].filter(options.has)
      guard given.count < 2 else {
        throw OptionTextError(
          message: "\(options.name) clips in one way; received \(given.joined(separator: " and "))")
      }
      guard let key = given.first else {
        clipping = .none
        return
      }
      let limit = try options.number(key)
      guard limit > 0 else {
        throw OptionTextError(message: "\(key) of \(options.name) is above 0; received \(limit)")
      }
      clipping = key == "clipValue" ? .value(limit) : key == "clipNorm" ? .norm(limit) : .globalNorm(limit)
    }
  }
}

extension ReduceLearningRateOnPlateau {
  /// The options of a text: `factor=0.5,patience=3,minDelta=0.001,cooldown=1,minimumLearningRate=1e-6`.
  ///
  /// - Throws: `NameError` for options that there are not, `OptionTextError` for values.
  public init(_ text: String) throws {
    var options = TextOptions(text, of: "plateau")
    try options.read(["factor", "patience", "minDelta", "cooldown", "minimumLearningRate"])
    let factor = try options.number("factor", 0.1)
    guard factor > 0, factor < 1 else {
      throw OptionTextError(message: "factor of plateau is between 0 and 1; received \(factor)")
    }
    self.init(
      factor: factor, patience: try options.count("patience", 10),
      minDelta: Double(try options.number("minDelta", 1e-4)),
      cooldown: try options.count("cooldown", 0, from: 0),
      minimumLearningRate: try options.number("minimumLearningRate", 0))
  }
}
