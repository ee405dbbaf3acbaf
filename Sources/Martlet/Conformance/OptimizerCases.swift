import MartletLayers
import MartletTraining

/// Optimizers over several steps with given gradients.
enum OptimizerCases: CaseFamily {
  static func answer(_ reader: CaseReader) throws -> Answer? {
    switch reader.op {
    case "SGD":
      let momentum = try reader.float("momentum", default: 0)
      guard momentum >= 0 && momentum < 1 else { throw Unsupported("SGD with momentum \(momentum)") }
      return try trajectory(
        reader,
        SGD(
          learningRate: reader.float("learning_rate"), momentum: momentum,
          nesterov: reader.bool("nesterov", default: false)))
    case "Adam":
      return try trajectory(
        reader,
        Adam(
          learningRate: reader.float("learning_rate"), beta1: reader.float("beta_1", default: 0.9),
          beta2: reader.float("beta_2", default: 0.999), epsilon: reader.float("epsilon", default: 1e-7)))
    default: return nil
    }
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
