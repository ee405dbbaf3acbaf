extension PlanPass {
  /// Maxima of squares of 2 x 2 are taken where a convolution makes them, and its results never reach memory:
  ///
  ///     y = conv(x, w; relu);  p, places = max pool(y)      →      p, places = conv(x, w; relu, max pool)
  ///
  /// In training that needs `rectifierFusion`, or the rectifier's gradient would read y.
  static let poolingFusion = PlanPass(name: "pooling") { program in
    let uses = Uses(program)
    for index in program.steps.indices {
      guard let step = program.steps[index], case .pooling(.forward, let pooling) = step.primitive,
        uses.onlyReader(of: step.inputs[0].value) == index,
        let maker = uses.maker(of: step.inputs[0].value), var fused = program.steps[maker],
        case .convolution(.forward, let geometry, var epilogue) = fused.primitive,
        !epilogue.hasMask, !epilogue.hasMaxPool, geometry.maxPooling == pooling
      else { continue }
      epilogue.hasMaxPool = true
      fused.primitive = .convolution(.forward, geometry, epilogue)
      fused.outputs = step.outputs
      fused.records += step.records
      program.steps[maker] = fused
      program.steps[index] = nil
    }
  }
}
