extension PlanPass {
  /// The gradient of a rectifier goes where its output need not be read:
  ///
  ///     y = relu(batch norm(x));  dz = dy where y > 0;  dx = batch norm backward(dz, x)
  ///         →  dx = batch norm backward(dy, x), which knows from x where y is positive
  ///     p, places = max pool(y);  dy = max pool backward(dp, places);  dz = dy where y > 0
  ///         →  dq = dp where p > 0;  dz = max pool backward(dq, places)
  ///
  /// The second is right because p holds those elements of y that have a gradient.
  static let rectifierFusion = PlanPass(name: "rectifier") { program in
    let uses = Uses(program)
    for index in program.steps.indices {
      guard let rectifier = program.steps[index], rectifier.elementwise == .reluBackward else { continue }
      program.rectifyBeforeUnpooling(index, rectifier, uses)
      program.rectifyInBatchNormalization(index, rectifier, uses)
    }
  }
}

extension Program {
  fileprivate mutating func rectifyBeforeUnpooling(_ index: Int, _ rectifier: Step, _ uses: Uses) {
    let (dy, y) = (rectifier.inputs[0], rectifier.inputs[1])
    guard let maker = uses.maker(of: dy.value), uses.onlyReader(of: dy.value) == index,
      let unpooling = steps[maker], case .pooling(.backward, let geometry) = unpooling.primitive,
      geometry.kind == .max, let pooler = uses.maker(of: unpooling.inputs[1].value),
      let pooling = steps[pooler], case .pooling(.forward, geometry) = pooling.primitive,
      pooling.inputs[0].value == y.value
    else { return }
    let masked = Argument(value: values.count, shape: unpooling.inputs[0].shape)
    values.append(Value(source: .step, shape: masked.shape, dtype: .float32))
    steps[maker] = rectifier
    steps[maker]!.inputs[0] = unpooling.inputs[0]
    steps[maker]!.inputs[1] = pooling.outputs[0]
    steps[maker]!.outputs = [masked]
    steps[index] = unpooling
    steps[index]!.inputs[0] = masked
    steps[index]!.outputs[0].value = rectifier.outputs[0].value
  }

  fileprivate mutating func rectifyInBatchNormalization(_ index: Int, _ rectifier: Step, _ uses: Uses) {
    let (dy, y) = (rectifier.inputs[0], rectifier.inputs[1])
    guard let reader = uses.onlyReader(of: rectifier.outputs[0].value), var backward = steps[reader],
      case .batchNormalizationBackward(isRectified: false) = backward.primitive,
      backward.inputs[0].value == rectifier.outputs[0].value,
      let maker = uses.maker(of: y.value), let relu = steps[maker], relu.elementwise == .single(.relu),
      let normalizer = uses.maker(of: relu.inputs[0].value), var forward = steps[normalizer],
      case .batchNormalization(.none) = forward.primitive,
      forward.outputs[0].value == relu.inputs[0].value,
      // Its own statistics, scale and input.
      backward.inputs[1].value == forward.inputs[0].value,
      backward.inputs[2].value == forward.inputs[1].value,
      backward.inputs[3].value == forward.outputs[1].value,
      backward.inputs[4].value == forward.outputs[2].value,
      let epsilon = backward.inputs.last, epsilon.value == forward.inputs.last?.value
    else { return }
    if forward.outputs.count == 3 {
      let shift = Argument(value: values.count, shape: forward.outputs[1].shape)
      values.append(Value(source: .step, shape: shift.shape, dtype: .float32))
      forward.outputs.append(shift)
    }
    backward.primitive = .batchNormalizationBackward(isRectified: true)
    backward.inputs[0] = Argument(value: dy.value, shape: backward.inputs[0].shape)
    backward.inputs.insert(forward.outputs[3], at: 5)
    backward.records = rectifier.records + backward.records
    steps[normalizer] = forward
    steps[reader] = backward
    steps[index] = nil
  }
}
