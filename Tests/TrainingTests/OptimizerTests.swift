import MartletTestSupport
import Testing

/// Two parameters that lie apart, so that runs are split and joined.
private final class Pair: Layer {
  let first = Parameter(.constant(1))
  let second = Parameter(.constant(-2))
  func forward(_ x: Tensor) -> Tensor { x * first([3]) + second([3]) }
}

private func power(_ base: Double, _ exponent: Int) -> Double {
  (0..<exponent).reduce(1) { result, _ in result * base }
}
private func square(_ x: Double) -> Double { x * x }

@Suite struct OptimizerTests {
  /// Gradients that differ from step to step: of Σ x * first + Σ second.
  private func train(_ optimizer: any Optimizer, steps: Int, updates: Int? = nil, frozen: Bool = false)
    throws -> [[Float]]
  {
    let model = Pair()
    try model.build(input: [3])
    model.second.isTrainable = !frozen
    for step in 1...steps {
      let x = Tensor([Float(step), -0.5, 0], shape: [1, 3])
      let (_, gradients) = try valueWithGradients(of: model) { model(x).sum() }
      try optimizer.update(model, along: gradients)
    }
    #expect(optimizer.steps == updates ?? steps)
    return [try model.first.value.elements(), try model.second.value.elements()]
  }

  /// The gradients of element `index` of both parameters at a step.
  private func gradient(_ parameter: Int, _ index: Int, _ step: Int) -> Double {
    parameter == 1 ? 1 : [Double(step), -0.5, 0][index]
  }

  private func expect(
    _ values: [[Float]], steps: Int, within tolerance: Double = 2e-6,
    _ rule: (inout [Double], Double, Int) -> Void
  ) {
    for parameter in 0..<2 {
      for index in 0..<3 {
        var state: [Double] = [parameter == 0 ? 1 : -2, 0, 0, 0]
        for step in 1...steps { rule(&state, gradient(parameter, index, step), step) }
        #expect(abs(Double(values[parameter][index]) - state[0]) < tolerance * max(1, abs(state[0])))
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
      state[1] = 0.9 * state[1] + 0.1 * g
      state[2] = 0.999 * state[2] + 0.001 * g * g
      let rate = 0.05 * (1 - power(0.999, step)).squareRoot() / (1 - power(0.9, step))
      state[0] -= rate * state[1] / (state[2].squareRoot() + 1e-7)
    }
  }

  @Test func amsgrad() throws {
    let values = try train(Adam(learningRate: 0.05, beta2: 0.5, amsgrad: true), steps: 6)
    expect(values, steps: 6) { state, g, step in
      state[1] = 0.9 * state[1] + 0.1 * g
      state[2] = 0.5 * state[2] + 0.5 * g * g
      state[3] = max(state[3], state[2])
      let rate = 0.05 * (1 - power(0.5, step)).squareRoot() / (1 - power(0.9, step))
      state[0] -= rate * state[1] / (state[3].squareRoot() + 1e-7)
    }
  }

  @Test func adamWDecaysApartFromTheMoments() throws {
    expect(try train(AdamW(learningRate: 0.05), steps: 6), steps: 6) { state, g, step in
      state[0] -= 0.05 * 0.004 * state[0]
      state[1] = 0.9 * state[1] + 0.1 * g
      state[2] = 0.999 * state[2] + 0.001 * g * g
      let rate = 0.05 * (1 - power(0.999, step)).squareRoot() / (1 - power(0.9, step))
      state[0] -= rate * state[1] / (state[2].squareRoot() + 1e-7)
    }
  }

  @Test func rmsprop() throws {
    expect(try train(RMSprop(learningRate: 0.05), steps: 5), steps: 5) { state, g, _ in
      state[1] = 0.9 * state[1] + 0.1 * g * g
      state[0] -= 0.05 * g / (state[1] + 1e-7).squareRoot()
    }
  }

  @Test func centeredRMSpropWithMomentum() throws {
    let optimizer = RMSprop(learningRate: 0.05, rho: 0.8, momentum: 0.5, epsilon: 1e-3, centered: true)
    expect(try train(optimizer, steps: 5), steps: 5, within: 2e-5) { state, g, _ in
      state[1] = 0.8 * state[1] + 0.2 * g * g
      state[2] = 0.8 * state[2] + 0.2 * g
      let direction = g / (state[1] - state[2] * state[2] + 1e-3).squareRoot()
      state[3] = 0.5 * state[3] + 0.05 * direction
      state[0] -= state[3]
    }
  }

  @Test func adagrad() throws {
    expect(try train(Adagrad(learningRate: 0.05), steps: 5), steps: 5) { state, g, step in
      if step == 1 { state[1] = 0.1 }
      state[1] += g * g
      state[0] -= 0.05 * g / (state[1] + 1e-7).squareRoot()
    }
  }

  @Test func adadelta() throws {
    expect(try train(Adadelta(learningRate: 1), steps: 5), steps: 5) { state, g, _ in
      state[1] = 0.95 * state[1] + 0.05 * g * g
      let step = (state[2] + 1e-7).squareRoot() / (state[1] + 1e-7).squareRoot() * g
      state[2] = 0.95 * state[2] + 0.05 * step * step
      state[0] -= step
    }
  }

  @Test func adamax() throws {
    expect(try train(Adamax(learningRate: 0.05), steps: 5), steps: 5) { state, g, step in
      state[1] = 0.9 * state[1] + 0.1 * g
      state[2] = max(0.999 * state[2], abs(g))
      state[0] -= 0.05 / (1 - power(0.9, step)) * state[1] / (state[2] + 1e-7)
    }
  }

  /// An optimizer of one's own, whose moment stays as it began.
  private final class SignDescent: Optimizer {
    let base = OptimizerBase(learningRate: 0.1)
    let moments = [Moment("constant", initialValue: 0.5)]
    func step(_ p: Term, _ g: Term, _ moments: [Term], rate: Float, number: Int) -> [Term] {
      [p + -rate * (moments[0] * g.sign()), moments[0]]
    }
  }

  @Test func aFormulaOfOnesOwn() throws {
    expect(try train(SignDescent(), steps: 4), steps: 4) { state, g, _ in
      state[0] -= 0.05 * (g > 0 ? 1 : g < 0 ? -1 : 0)
    }
  }

  // MARK: - What all optimizers share

  @Test func schedulesAndThePlateauFactorSetTheRate() throws {
    let optimizer = SGD(learningRate: PiecewiseConstantDecay(boundaries: [0], values: [0.1, 0.02]))
    optimizer.plateauFactor = 0.5
    expect(try train(optimizer, steps: 3), steps: 3) { state, g, step in
      state[0] -= 0.5 * (step == 1 ? 0.1 : 0.02) * g
    }
    #expect(optimizer.rate == 0.01)
  }

  @Test func valuesAreClipped() throws {
    let values = try train(SGD(learningRate: 0.1, clipping: .value(0.75)), steps: 4)
    expect(values, steps: 4) { state, g, _ in state[0] -= 0.1 * min(max(g, -0.75), 0.75) }
  }

  @Test func theLengthOfEachGradientIsClipped() throws {
    let values = try train(SGD(learningRate: 0.1, clipping: .norm(1.5)), steps: 4)
    let lengths = { (parameter: Int, step: Int) in
      (0..<3).reduce(0) { $0 + square(gradient(parameter, $1, step)) }.squareRoot()
    }
    for parameter in 0..<2 {
      for index in 0..<3 {
        var p: Double = parameter == 0 ? 1 : -2
        for step in 1...4 {
          p -= 0.1 * gradient(parameter, index, step) * min(1, 1.5 / lengths(parameter, step))
        }
        #expect(abs(Double(values[parameter][index]) - p) < 4e-6)
      }
    }
  }

  @Test func theLengthOfAllGradientsIsClipped() throws {
    let values = try train(SGD(learningRate: 0.1, clipping: .globalNorm(2.5)), steps: 4)
    for parameter in 0..<2 {
      for index in 0..<3 {
        var p: Double = parameter == 0 ? 1 : -2
        for step in 1...4 {
          let squares = (0..<6).reduce(0) { $0 + square(gradient($1 / 3, $1 % 3, step)) }
          p -= 0.1 * gradient(parameter, index, step) * min(1, 2.5 / squares.squareRoot())
        }
        #expect(abs(Double(values[parameter][index]) - p) < 4e-6)
      }
    }
  }

  @Test func accumulatedBatchesAreOneLargeBatch() throws {
    let values = try train(
      Adam(learningRate: 0.05, clipping: .globalNorm(1), accumulate: 2), steps: 6, updates: 3)
    func mean(_ parameter: Int, _ index: Int, _ step: Int) -> Double {
      (gradient(parameter, index, 2 * step - 1) + gradient(parameter, index, 2 * step)) / 2
    }
    for parameter in 0..<2 {
      for index in 0..<3 {
        var (p, moment1, moment2): (Double, Double, Double) = (parameter == 0 ? 1 : -2, 0, 0)
        for step in 1...3 {
          let squares = (0..<6).reduce(0) { $0 + square(mean($1 / 3, $1 % 3, step)) }
          let g = mean(parameter, index, step) * min(1, 1 / squares.squareRoot())
          moment1 = 0.9 * moment1 + 0.1 * g
          moment2 = 0.999 * moment2 + 0.001 * g * g
          let rate = 0.05 * (1 - power(0.999, step)).squareRoot() / (1 - power(0.9, step))
          p -= rate * moment1 / (moment2.squareRoot() + 1e-7)
        }
        #expect(abs(Double(values[parameter][index]) - p) < 4e-6)
      }
    }
  }

  @Test func groupsHaveRatesAndDecayOfTheirOwn() throws {
    let optimizer = SGD(learningRate: 0.1, weightDecay: 0.5)
    optimizer.scaleRate(by: 0.1) { $0 == "first" }
    optimizer.excludeFromWeightDecay { $0 == "second" }
    let values = try train(optimizer, steps: 3)
    for parameter in 0..<2 {
      for index in 0..<3 {
        var p: Double = parameter == 0 ? 1 : -2
        for step in 1...3 {
          if parameter == 0 { p -= 0.01 * 0.5 * p }
          p -= (parameter == 0 ? 0.01 : 0.1) * gradient(parameter, index, step)
        }
        #expect(abs(Double(values[parameter][index]) - p) < 2e-6)
      }
    }
  }

  @Test func frozenParametersStay() throws {
    let values = try train(Adam(learningRate: 0.05), steps: 3, frozen: true)
    #expect(values[1] == [-2, -2, -2])
    #expect(values[0] != [1, 1, 1])
  }
}
