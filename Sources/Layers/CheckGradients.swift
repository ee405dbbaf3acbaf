/// How far gradients are from finite differences.
public struct GradientCheck: Sendable, CustomStringConvertible {
  /// The largest difference, divided by what is tolerated there: at most 1 where all is well.
  public internal(set) var worst: Double = 0
  /// Where it was: argument, element, the gradient, the finite difference.
  public internal(set) var place = ""
  public internal(set) var checked = 0

  public var isCorrect: Bool { worst <= 1 && checked > 0 }
  public var description: String {
    "\(checked) gradients checked, worst at \(worst) of the tolerance: \(place)"
  }

  mutating func note(
    _ analytic: Double, _ numeric: Double, tolerance: Double, _ place: @autoclosure () -> String
  ) {
    checked += 1
    let difference = (analytic - numeric).magnitude
    let ratio = difference / (tolerance * max(1, analytic.magnitude, numeric.magnitude))
    if !(ratio <= worst) {
      worst = ratio.isNaN ? .infinity : ratio
      self.place = "\(place()): gradient \(analytic), finite difference \(numeric)"
    }
  }
}

/// Compares the gradients of a function with central finite differences, element by element.
///
/// The function's result is weighted by fixed numbers and added up in Double, so that one number is differentiated.
///
/// - Parameters:
///   - xs: where the gradients are taken; away from kinks by more than `step`.
///   - step: half the width of the difference.
///   - tolerance: of the difference, relative to the gradient where that is larger than 1.
///   - samples: how many elements of each argument are tried; all where there are no more.
public func checkGradients(
  at xs: [Tensor], step: Float = 1e-2, tolerance: Double = 1e-2, samples: Int = 24,
  of function: ([Tensor]) throws -> Tensor
) throws -> GradientCheck {
  let shape = try compute { try function(xs) }.shape
  let weights = weights(shape)
  let weighting = Tensor(weights, shape: shape)
  let (_, gradients) = try valueWithGradients(at: xs) { try (function($0) * weighting).sum() }
  func value(_ arguments: [Tensor]) throws -> Double {
    let elements = try compute { try function(arguments) }.elements(as: Float.self)
    return zip(elements, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  var check = GradientCheck()
  for (argument, x) in xs.enumerated() {
    let base = try x.elements(as: Float.self)
    let analytic = try gradients[argument].elements(as: Float.self)
    for element in sampled(base.count, samples) {
      var arguments = xs
      var moved = base
      moved[element] = base[element] + step
      let up = moved[element]
      arguments[argument] = Tensor(moved, shape: x.shape)
      let above = try value(arguments)
      moved[element] = base[element] - step
      arguments[argument] = Tensor(moved, shape: x.shape)
      let numeric = (above - (try value(arguments))) / (Double(up) - Double(moved[element]))
      check.note(
        Double(analytic[element]), numeric, tolerance: tolerance, "argument \(argument), element \(element)")
    }
  }
  return check
}

/// Compares the gradients of a model's parameters with central finite differences of a loss.
public func checkGradients(
  of model: any Layer, step: Float = 1e-2, tolerance: Double = 1e-2, samples: Int = 24,
  loss: () throws -> Tensor
) throws -> GradientCheck {
  let random = Context.current.random
  func fresh<R>(_ body: () throws -> R) rethrows -> R {
    try withContext(phase: .training, random: RandomState(seed: random.seed, counter: random.counter)) {
      try body()
    }
  }
  let (_, gradients) = try fresh { try valueWithGradients(of: model, unused: .zero, loss) }
  var check = GradientCheck()
  for (parameter, gradient) in gradients.entries {
    let base = try parameter.value.elements(as: Float.self)
    let analytic = try gradient.elements(as: Float.self)
    defer { parameter.value = Tensor(base, shape: gradient.shape) }
    for element in sampled(base.count, samples) {
      func value(_ moved: Float) throws -> Double {
        var elements = base
        elements[element] = moved
        parameter.value = Tensor(elements, shape: gradient.shape)
        return Double(try fresh { try compute { try loss() } }.item())
      }
      let (up, down) = (base[element] + step, base[element] - step)
      let numeric = (try value(up) - value(down)) / (Double(up) - Double(down))
      check.note(
        Double(analytic[element]), numeric, tolerance: tolerance, "\(parameter.name), element \(element)")
    }
  }
  return check
}

/// Fixed numbers in ±(0.5 ... 1.5).
private func weights(_ shape: Shape) -> [Float] {
  var generator = PhiloxGenerator(seed: 7)
  return (0..<shape.count).map { _ in
    let unit = generator.unit()
    return unit < 0.5 ? unit + 0.5 : -unit
  }
}

/// All positions, or evenly spread ones.
private func sampled(_ count: Int, _ samples: Int) -> [Int] {
  count <= samples
    ? Array(0..<count) : (0..<samples).map { $0 * count / samples + ($0 * 7) % max(1, count / samples) }
}
