import MartletTestSupport
import Testing

/// Two parameters that lie apart, so that runs are split and joined.
private final class Pair: Layer {
  let first = Parameter(.constant(1))
  let second = Parameter(.constant(-2))
  func forward(_ x: Tensor) -> Tensor { x * first([3]) + second([3]) }
}

@Suite struct OptimizerTests {
  /// Gradients that differ from step to step: of Σ x * first + Σ second.
  private func train(_ optimizer: any Optimizer, steps: Int, frozen: Bool = false) throws -> [[Float]] {
    let model = Pair()
    try model.build(input: [3])
    model.second.isTrainable = !frozen
    for step in 1...steps {
      let x = Tensor([Float(step), -0.5, 0], shape: [1, 3])
      let (_, gradients) = try valueWithGradients(of: model) { model(x).sum() }
      try optimizer.update(model, along: gradients)
    }
    #expect(optimizer.steps == steps)
    return [try model.first.value.elements(), try model.second.value.elements()]
  }

  /// The gradients of element `index` of both parameters at a step.
  private func gradient(_ parameter: Int, _ index: Int, _ step: Int) -> Double {
    parameter == 1 ? 1 : [Double(step), -0.5, 0][index]
  }

  private func expect(
    _ values: [[Float]], steps: Int, _ rule: (inout [Double], Double, Int) -> Void
  ) {
    for parameter in 0..<2 {
      for index in 0..<3 {
        var state: [Double] = [parameter == 0 ? 1 : -2, 0, 0]
        for step in 1...steps { rule(&state, gradient(parameter, index, step), step) }
        #expect(abs(Double(values[parameter][index]) - state[0]) < 2e-6 * max(1, abs(state[0])))
      }
    }
  }

  @Test func plainDescent() throws {
    expect(try train(SGD(learningRate: 0.1), steps: 4), steps: 4) { state, g, _ in state[0] -= 0.1 * g }
  }

  @Test func momentum() throws {
    expect(try train(SGD(learningRate: 0.1, momentum: 0.9), steps: 5), steps: 5) { state, g, _ in
      state[1] = 0.9 * state[1] - 0.1 * g
      state[0] += state[1]
    }
  }

  @Test func nesterovMomentum() throws {
    expect(try train(SGD(learningRate: 0.1, momentum: 0.8, nesterov: true), steps: 5), steps: 5) {
      state, g, _ in
      state[1] = 0.8 * state[1] - 0.1 * g
      state[0] += 0.8 * state[1] - 0.1 * g
    }
  }

  @Test func adam() throws {
    expect(try train(Adam(learningRate: 0.05), steps: 6), steps: 6) { state, g, step in
      func power(_ base: Double) -> Double { (0..<step).reduce(1) { result, _ in result * base } }
      state[1] = 0.9 * state[1] + 0.1 * g
      state[2] = 0.999 * state[2] + 0.001 * g * g
      let rate = 0.05 * (1 - power(0.999)).squareRoot() / (1 - power(0.9))
      state[0] -= rate * state[1] / (state[2].squareRoot() + 1e-7)
    }
  }

  @Test func frozenParametersStay() throws {
    let values = try train(Adam(learningRate: 0.05), steps: 3, frozen: true)
    #expect(values[1] == [-2, -2, -2])
    #expect(values[0] != [1, 1, 1])
  }
}
