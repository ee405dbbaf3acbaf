import Synchronization

extension Tensor {
  /// Convolution (cross-correlation, as everywhere in deep learning) of an input (N, spatial axes, C) with a kernel
  /// (spatial axes, C / groups, F).
  ///
  /// - Returns: (N, output axes, F), with bias and activation applied.
  public func convolution(
    _ kernel: Tensor, bias: Tensor? = nil, strides: Spatial = 1, padding: Padding = .valid,
    dilationRate: Spatial = 1, groups: Int = 1, activation: Epilogue.Activation = .linear,
    file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    convolution(
      kernel, bias: bias, strides: strides, padding: padding, dilationRate: dilationRate, groups: groups,
      activation: activation, site: Site(file: file, line: line)
    ) { try $0.geometry(input: shape, filters: kernel.shape[-1]) }
  }

  /// Transposed convolution: the backward-data pass of the convolution with the same hyperparameters. The kernel is
  /// (spatial axes, F / groups, C), as in Keras.
  ///
  /// - Returns: (N, larger axes, F), with bias and activation applied.
  public func transposedConvolution(
    _ kernel: Tensor, bias: Tensor? = nil, strides: Spatial = 1, padding: Padding = .valid,
    outputPadding: Spatial? = nil, dilationRate: Spatial = 1, groups: Int = 1,
    activation: Epilogue.Activation = .linear, file: StaticString = #fileID, line: Int = #line
  ) -> Tensor {
    convolution(
      kernel, bias: bias, strides: strides, padding: padding, dilationRate: dilationRate, groups: groups,
      activation: activation, pass: .backwardData, site: Site(file: file, line: line)
    ) {
      try $0.transposedGeometry(
        input: shape, filters: kernel.shape[-2] * groups, outputPadding: outputPadding)
    }
  }

  private func convolution(
    _ kernel: Tensor, bias: Tensor?, strides: Spatial, padding: Padding, dilationRate: Spatial, groups: Int,
    activation: Epilogue.Activation, pass: ConvolutionPass = .forward, site: Site,
    geometry: (Convolution) throws -> ConvolutionGeometry
  ) -> Tensor {
    let operands = [self, kernel] + (bias.map { [$0] } ?? [])
    if operands.contains(where: \.isFailed) { return Tensor.fail("", operands, site: site) }
    guard kernel.rank == rank, rank >= 3 else {
      return Tensor.fail(
        "convolution needs an input (N, spatial axes, channels) and a kernel of as many axes; received \(shape) "
          + "and \(kernel.shape)", operands, site: site)
    }
    do {
      let kernelSize = Spatial(Array(kernel.shape.sizes.dropLast(2)))
      let resolved = ResolvedConvolution(
        pass,
        try geometry(
          Convolution(
            kernelSize: kernelSize, strides: strides, padding: padding, dilationRate: dilationRate,
            groups: groups)), Epilogue(hasBias: bias != nil, activation: activation))
      guard kernel.shape == resolved.kernel else {
        return Tensor.fail(
          "the kernel must be \(resolved.kernel) for an input \(shape) with groups \(groups); received "
            + "\(kernel.shape)", operands, site: site)
      }
      let filters = resolved.output[-1]
      guard bias == nil || bias!.shape == [filters] else {
        return Tensor.fail("the bias must be \(filters); received \(bias!.shape)", operands, site: site)
      }
      return convolution(kernel, bias: bias, resolved, site)
    } catch {
      return Tensor.fail((error as? ShapeError)?.message ?? "\(error)", operands, site: site)
    }
  }

  /// The convolution or transposed convolution of this input, a kernel and a bias of the shapes that were worked out.
  package func convolution(
    _ kernel: Tensor, bias: Tensor?, _ resolved: ResolvedConvolution, file: StaticString = #fileID,
    line: Int = #line
  ) -> Tensor {
    convolution(kernel, bias: bias, resolved, Site(file: file, line: line))
  }

  private func convolution(
    _ kernel: Tensor, bias: Tensor?, _ resolved: ResolvedConvolution, _ site: Site
  ) -> Tensor {
    let operands = if let bias { [self, kernel, bias] } else { [self, kernel] }
    return Tensor.record(resolved.recipe, operands, shape: resolved.output, site: site)
  }

  static func convolve(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ operands: [Tensor],
    _ epilogue: Epilogue = .none, site: Site = .unknown
  ) -> Tensor {
    record(
      .convolution(pass, geometry, epilogue), operands, shape: geometry.resultShape(of: pass), site: site)
  }

  /// The gradients of a kernel and of the bias that came with it.
  fileprivate static func convolveBackward(
    _ geometry: ConvolutionGeometry, x: Tensor, dy: Tensor
  ) -> (kernel: Tensor, bias: Tensor) {
    let gradients = record(
      .convolution(.backwardKernel, geometry, Epilogue(hasBias: true)), [x, dy],
      outputs: [(geometry.kernelShape, .float32), ([geometry.outputChannels], .float32)])
    return (gradients[0], gradients[1])
  }
}

/// A convolution of inputs of one shape, worked out: what a layer keeps from one call to the next.
package struct ResolvedConvolution: Sendable {
  package let input: Shape
  package let kernel: Shape
  package let output: Shape
  fileprivate let recipe: Recipe

  /// - Parameter pass: `.backwardData` for transposed convolution.
  package init(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: Epilogue) {
    input = pass == .forward ? geometry.inputShape : geometry.outputShape
    kernel = geometry.kernelShape
    output = geometry.resultShape(of: pass)
    recipe = Recipe.of(.convolution(pass, geometry, epilogue))
  }
}

/// What a layer worked out for its last input. Threads may share it.
package final class LastConvolution: Sendable {
  private let last = Mutex<ResolvedConvolution?>(nil)

  package init() {}

  /// The convolution of inputs of a shape, worked out where the last one was another.
  package func callAsFunction(
    input: Shape, _ resolve: () throws -> ResolvedConvolution
  ) rethrows -> ResolvedConvolution {
    if let known = last.withLock({ $0 }), known.input == input { return known }
    let resolved = try resolve()
    last.withLock { $0 = resolved }
    return resolved
  }
}

extension LastConvolution: CustomReflectable {
  /// Nothing of a model is found in it.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension ConvolutionGeometry {
  fileprivate func resultShape(of pass: ConvolutionPass) -> Shape {
    switch pass {
    case .forward: outputShape
    case .backwardData: inputShape
    case .backwardKernel: kernelShape
    }
  }

  /// The three passes are the derivatives of each other, with x, y and w changing roles.
  func derivative(of pass: ConvolutionPass, _ epilogue: Epilogue, _ d: Differential) -> [Tensor?] {
    if pass == .backwardKernel && epilogue.hasBias { return derivativeWithBias(d) }
    let dz = epilogue.gradientBeforeActivation(d)
    let (a, b) = (d.operands[0], d.operands[1])
    let passes: (a: ConvolutionPass, b: ConvolutionPass)
    let operands: (a: [Tensor], b: [Tensor])
    switch pass {
    case .forward:
      passes = (.backwardData, .backwardKernel)
      operands = ([dz, b], [a, dz])
    case .backwardData:
      passes = (.forward, .backwardKernel)
      operands = ([dz, b], [dz, a])
    case .backwardKernel:
      passes = (.backwardData, .forward)
      operands = ([b, dz], [a, dz])
    }
    // The kernel's gradient first: mostly nobody else needs x any more, and the gradient of x may lie in its place.
    let gradients: [Tensor?]
    if pass == .forward && epilogue.hasBias && d.isWanted[1] && d.isWanted[2] {
      // One pass over dz serves both.
      let (kernel, bias) = Tensor.convolveBackward(self, x: a, dy: dz)
      gradients = [kernel, bias] + epilogue.gradients(of: dz, d, first: 2).dropFirst()
    } else {
      let kernel = d.isWanted[1] ? Tensor.convolve(passes.b, self, operands.b) : nil
      gradients = [kernel] + epilogue.gradients(of: dz, d, first: 2)
    }
    return [d.isWanted[0] ? Tensor.convolve(passes.a, self, operands.a) : nil] + gradients
  }

  /// Of (x, dy) → (dw, db), where db's gradient goes to every pixel of dy.
  private func derivativeWithBias(_ d: Differential) -> [Tensor?] {
    let (x, dy) = (d.operands[0], d.operands[1])
    let ofKernel = d.cotangents[0]
    var ofDy = ofKernel.map { Tensor.convolve(.forward, self, [x, $0]) }
    if let ofBias = d.cotangents[1] {
      ofDy = ofDy.map { $0 + ofBias } ?? ofBias.broadcast(to: dy.shape)
    }
    return [d.isWanted[0] ? ofKernel.map { Tensor.convolve(.backwardData, self, [dy, $0]) } : nil, ofDy]
  }
}
