import MartletTestSupport
import Testing

/// The gradients of a layer with respect to its input and its parameters are those of finite differences.
func expectGradients(_ layer: any Layer, _ input: Shape, sourceLocation: SourceLocation = #_sourceLocation)
  throws
{
  try withContext(phase: .training, seed: 2) {
    try layer.build(input: input)
    let x = distinctSamples(Shape([2] + input.sizes), seed: 3, low: -2, high: 2)
    let ofInput = try checkGradients(at: [x]) { layer($0[0]) }
    #expect(ofInput.isCorrect, "\(layer): \(ofInput)", sourceLocation: sourceLocation)
    guard !layer.parameters.isEmpty else { return }
    let weights = samples(layer(x).shape, seed: 5)
    let ofParameters = try checkGradients(of: layer) { (layer(x) * weights).sum() }
    #expect(ofParameters.isCorrect, "\(layer): \(ofParameters)", sourceLocation: sourceLocation)
  }
}

/// All positions of a shape, in row-major order.
func positions(_ sizes: [Int]) -> [[Int]] {
  sizes.reduce([[]]) { positions, size in positions.flatMap { position in (0..<size).map { position + [$0] } }
  }
}

extension Tensor {
  /// The element at a position, zero outside the array.
  func element(_ position: [Int]) -> Double {
    guard zip(position, shape.sizes).allSatisfy({ $0 >= 0 && $0 < $1 }) else { return 0 }
    return Double([Float](self)[zip(position, shape.strides).map { $0 * $1 }.reduce(0, +)])
  }
}

/// The sentence with which a layer refuses an input.
func refusal(_ layer: any Layer, _ input: Shape) -> String {
  do {
    _ = try layer.outputShape(for: input)
    return "no error"
  } catch { return (error as? ShapeError)?.message ?? "\(error)" }
}
