import MartletLayers
import MartletTraining

/// Optimizers over several steps with given gradients.
enum OptimizerCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    try optimizer(reader).map { try trajectory(reader, $0) }
  }

  private static func optimizer(_ reader: CaseReader) throws -> (any Optimizer)? {
    switch reader.op {
    case "SGD":
      return SGD(
        learningRate: try reader.options.float("learning_rate"), momentum: try momentum(reader),
        nesterov: try reader.options.bool("nesterov", default: false), weightDecay: try weightDecay(reader),
        clipping: try clipping(reader))
    case "RMSprop":
      return RMSprop(
        learningRate: try reader.options.float("learning_rate"),
        rho: try reader.options.float("rho", default: 0.9),
        momentum: try momentum(reader), epsilon: try reader.options.float("epsilon", default: 1e-7),
        centered: try reader.options.bool("centered", default: false), weightDecay: try weightDecay(reader),
        clipping: try clipping(reader))
    case "Adam", "AdamW":
      return Adam(
        learningRate: try reader.options.float("learning_rate"),
        beta1: try reader.options.float("beta_1", default: 0.9),
        beta2: try reader.options.float("beta_2", default: 0.999),
        epsilon: try reader.options.float("epsilon", default: 1e-7),
        amsgrad: try reader.options.bool("amsgrad", default: false),
        weightDecay: try weightDecay(reader, default: reader.op == "AdamW" ? 0.004 : 0),
        clipping: try clipping(reader))
    case "Adamax":
      return Adamax(
        learningRate: try reader.options.float("learning_rate"),
        beta1: try reader.options.float("beta_1", default: 0.9),
        beta2: try reader.options.float("beta_2", default: 0.999),
        epsilon: try reader.options.float("epsilon", default: 1e-7), weightDecay: try weightDecay(reader),
        clipping: try clipping(reader))
    case "Adagrad":
      let start = try reader.options.float("initial_accumulator_value", default: 0.1)
      guard start >= 0 else { throw Unsupported("Adagrad with initial_accumulator_value \(start)") }
      return Adagrad(
        learningRate: try reader.options.float("learning_rate"), initialAccumulatorValue: start,
        epsilon: try reader.options.float("epsilon", default: 1e-7), weightDecay: try weightDecay(reader),
        clipping: try clipping(reader))
    case "Adadelta":
      return Adadelta(
        learningRate: try reader.options.float("learning_rate"),
        rho: try reader.options.float("rho", default: 0.95),
        epsilon: try reader.options.float("epsilon", default: 1e-7), weightDecay: try weightDecay(reader),
        clipping: try clipping(reader))
    default: return nil
    }
  }

  private static func momentum(_ reader: CaseReader) throws -> Float {
    let momentum = try reader.options.float("momentum", default: 0)
    guard momentum >= 0 && momentum < 1 else { throw Unsupported("\(reader.op) with momentum \(momentum)") }
    return momentum
  }

  private static func weightDecay(_ reader: CaseReader, default fallback: Float = 0) throws -> Float {
    let decay = try reader.options.float("weight_decay", default: fallback)
    guard decay >= 0 else { throw Unsupported("\(reader.op) with weight_decay \(decay)") }
    return decay
  }

  private static func clipping(_ reader: CaseReader) throws -> Clipping {
    let kinds: [(String, (Float) -> Clipping)] = [
      ("clipvalue", Clipping.value), ("clipnorm", Clipping.norm), ("global_clipnorm", Clipping.globalNorm),
    ]
    for (name, kind) in kinds where reader.options.isGiven(name) {
      let limit = try reader.options.float(name)
      guard limit > 0 else { throw Unsupported("\(reader.op) with \(name) \(limit)") }
      return kind(limit)
    }
    return .none
  }

  /// A model that is nothing but its parameters w0, w1, and so on.
  private final class Weights: Layer {
    let weights: [Parameter]
    private let shapes: [Shape]

    init(_ shapes: [Shape]) {
      self.shapes = shapes
      weights = shapes.map { _ in Parameter(.zeros) }
    }

    func forward(_ x: Tensor) -> Tensor { zip(weights, shapes).reduce(x) { $0 + $1.0($1.1).sum() } }
  }

  /// Steps along g<i>_<step> from w<i>_0; the weights after each step are w<i>_<step>.
  private static func trajectory(_ reader: CaseReader, _ optimizer: any Optimizer) throws -> Answer {
    let names = Array((0...).lazy.map { "w\($0)" }.prefix { reader.has($0 + "_0") })
    let starts = try names.map { try reader.tensor($0 + "_0") }
    let model = Weights(starts.map(\.shape))
    try model.build(input: [1])
    for (weight, start) in zip(model.weights, starts) { weight.value = start }

    var answer = Answer()
    for step in (1...).prefix(while: { reader.has("g0_\($0)") }) {
      let directions = try names.indices.map { try reader.tensor("g\($0)_\(step)") }
      // The gradient of Σ w * g is g.
      let (_, gradients) = try valueWithGradients(of: model) {
        zip(model.weights, directions).reduce(Tensor(0)) { $0 + ($1.0.value * $1.1).sum() }
      }
      try optimizer.update(model, along: gradients)
      for (name, weight) in zip(names, model.weights) { answer.tensors["\(name)_\(step)"] = weight.value }
    }
    return answer
  }
}
