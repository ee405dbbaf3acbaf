import MartletCore

/// The definition of a convolution's passes in Double, point by point, and their inputs.
public struct ConvolutionDefinition: Sendable {
  public let geometry: ConvolutionGeometry
  public init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }

  public func inputs(_ pass: ConvolutionPass) -> [HostArray] {
    let x = noise(geometry.inputShape, seed: 1)
    let w = noise(geometry.kernelShape, seed: 2)
    let dy = noise(geometry.outputShape, seed: 3)
    return pass == .forward ? [x, w] : pass == .backwardData ? [dy, w] : [x, dy]
  }

  public func result(_ pass: ConvolutionPass) -> Shape {
    pass == .forward
      ? geometry.outputShape : pass == .backwardData ? geometry.inputShape : geometry.kernelShape
  }

  public func run(_ pass: ConvolutionPass, _ inputs: [HostArray]) -> [Double] {
    let (first, second) = (inputs[0].doubles, inputs[1].doubles)
    var sums = [Double](repeating: 0, count: result(pass).count)
    forEachTerm { x, w, y in
      switch pass {
      case .forward: sums[y] += first[x] * second[w]
      case .backwardData: sums[x] += first[y] * second[w]
      case .backwardKernel: sums[w] += first[x] * second[y]
      }
    }
    return sums
  }

  /// The same with what follows: the epilogue of the result, or the sums of dy beside the gradient of the kernel.
  func run(_ pass: ConvolutionPass, _ epilogue: Epilogue, _ inputs: [HostArray]) -> [[Double]] {
    var values = run(pass, inputs)
    if pass == .backwardKernel {
      guard epilogue.hasBias else { return [values] }
      var sums = [Double](repeating: 0, count: geometry.outputChannels)
      for (index, value) in inputs[1].doubles.enumerated() { sums[index % sums.count] += value }
      return [values, sums]
    }
    epilogue.apply(to: &values, columns: result(pass)[-1], inputs.dropFirst(2))
    guard epilogue.hasMaxPool, let pooling = geometry.maxPooling else { return [values] }
    return pooling.defined(.forward, [values])
  }

  /// Every triple of elements of x, w and y with y += x * w.
  private func forEachTerm(_ body: (Int, Int, Int) -> Void) {
    let g = geometry
    let perGroup = g.inputChannelsPerGroup
    let filters = g.outputChannelsPerGroup
    for n in 0..<g.batch {
      for o in 0..<g.output.count {
        let at = Extent(
          o / (g.output.height * g.output.width), o / g.output.width % g.output.height, o % g.output.width)
        for t in 0..<g.kernel.count {
          let tap = Extent(
            t / (g.kernel.height * g.kernel.width), t / g.kernel.width % g.kernel.height, t % g.kernel.width)
          var position = 0
          var isInside = true
          for axis in 0..<3 {
            let i = at[axis] * g.strides[axis] - g.paddingBefore[axis] + tap[axis] * g.dilation[axis]
            isInside = isInside && (0..<g.input[axis]).contains(i)
            position = position * g.input[axis] + i
          }
          guard isInside else { continue }
          for f in 0..<g.outputChannels {
            for c in 0..<perGroup {
              body(
                (n * g.input.count + position) * g.inputChannels + f / filters * perGroup + c,
                (t * perGroup + c) * g.outputChannels + f, (n * g.output.count + o) * g.outputChannels + f)
            }
          }
        }
      }
    }
  }
}
