import MartletTestSupport
import Testing

@testable import MartletTensor

/// Derivatives beside finite differences, first and second order.
struct GradientTests {
  static let elementwise: [GradientCase] = ElementwiseOpcode.allCases.compactMap {
    if case .differentiable(let example) = ElementwiseGradients.kind(of: $0) { return example }
    return nil
  }
  static let all = elementwise + FamilyGradients.cases

  @Test(arguments: all) func firstOrder(example: GradientCase) throws {
    let check = try checkGradients(at: example.inputs(), step: 4e-3, tolerance: 4e-3, of: example.function)
    #expect(check.isCorrect, "\(check)")
  }

  /// The gradients of Σ f(x)², of which the first order is a function of x again.
  @Test(arguments: all.filter(\.hasSecondOrder)) func secondOrder(example: GradientCase) throws {
    let check = try checkGradients(at: example.inputs(), step: 4e-3, tolerance: 1e-2, samples: 8) { xs in
      let (_, gradients) = try valueWithGradients(at: xs) { try example.function($0).squared().sum() }
      // Squared, so that what meets the second derivative depends on the inputs too.
      return Tensor.concatenated(gradients.map { $0.flattened().squared() * 0.1 })
    }
    #expect(check.isCorrect, "\(check)")
  }

  @Test(arguments: ElementwiseOpcode.allCases) func opcodesWithoutGradientGiveZeros(opcode: ElementwiseOpcode)
    throws
  {
    guard case .constant = ElementwiseGradients.kind(of: opcode) else { return }
    let x = [Tensor([0.4, -1.3]), Tensor([0.2, 2.5])].prefix(opcode.operandCount)
    let (_, gradients) = try valueWithGradients(at: Array(x)) {
      Tensor.elementwise(opcode, $0).cast(to: .float32).sum()
    }
    for gradient in gradients { #expect(mismatch(gradient, [0, 0]) == nil) }
  }

  /// Every case that a family names is there.
  @Test func familiesHaveTheirCases() {
    let names = Set(FamilyGradients.cases.map(\.testDescription))
    let window = Reduction(.sum, outer: 1, length: 1, inner: 1)
    let examples: [Primitive] =
      [
        .gemm(GEMM(m: 1, n: 1, k: 1), .none), .batchNormalization(.none),
        .batchNormalizationBackward(isRectified: false),
        .softmax(logarithm: false), .softmaxCrossEntropy, .softmaxCrossEntropyBackward,
        .copy(StridedCopy([])),
        .resampling(.forward, Resampling(.bilinear, input: [1, 1, 1, 1], height: 1, width: 1)),
        .topK(1), .fill, .reduction(window, of: nil),
        .gather(Gather(outer: 1, axis: 1, inner: 1, count: 1)),
      ]
    for primitive in examples {
      #expect(!FamilyGradients.cases(of: primitive).isEmpty)
      for name in FamilyGradients.cases(of: primitive) { #expect(names.contains(name), "\(name)") }
    }
  }

  @Test func theDocumentedExample() throws {
    let (value, gradient) = try valueWithGradient(at: Tensor([1, 2, 3])) { ($0 * $0).sum() }
    #expect(mismatch(value, [14], shape: []) == nil)
    #expect(mismatch(gradient, [2, 4, 6], shape: [3]) == nil)
  }

  @Test func whatIsCapturedIsConstant() throws {
    let x = Tensor([3])
    #expect(mismatch(try valueWithGradient(at: x) { ($0 * x).sum() }.gradient, [3]) == nil)
    let nested = try compute { () -> Tensor in
      let y = x * 2
      return try valueWithGradient(at: y) { ($0 * y).sum() }.gradient
    }
    #expect(mismatch(nested, [6]) == nil)
    let (_, gradients) = try valueWithGradients(at: [x, x]) { ($0[0] * $0[0] * $0[1]).sum() }
    #expect(mismatch(gradients[0], [18]) == nil)
    #expect(mismatch(gradients[1], [9]) == nil)
  }

  @Test func withRespectToAnythingInTheScope() throws {
    let x = Tensor([1, 2])
    let (inner, outer, stranger) = try compute { () -> (Tensor, Tensor, Tensor) in
      let y = x * 3
      let z = (y * y).sum()
      let found = gradients(of: z, withRespectTo: [y, x, Tensor([7, 7])])
      return (found[0], found[1], found[2])
    }
    #expect(mismatch(inner, [6, 12]) == nil)
    #expect(mismatch(outer, [18, 36]) == nil)
    #expect(mismatch(stranger, [0, 0]) == nil)
  }

  @Test func stoppedGradients() throws {
    let (_, gradient) = try valueWithGradient(at: Tensor([3])) { ($0 * $0.stoppingGradient()).sum() }
    #expect(mismatch(gradient, [3]) == nil)
  }

  @Test func thirdOrder() throws {
    // x⁴ has the third derivative 24 x.
    let (_, third) = try valueWithGradient(at: Tensor([2])) { x in
      let (_, second) = try valueWithGradient(at: x) { x in
        let (_, first) = try valueWithGradient(at: x) { $0.power(4).sum() }
        return first.sum()
      }
      return second.sum()
    }
    #expect(mismatch(third, [48], tolerance: 1e-4) == nil)
  }

  @Test func equalExtremaShare() throws {
    let (_, gradient) = try valueWithGradient(at: Tensor([2, 1, 2])) { $0.max() }
    #expect(mismatch(gradient, [0.5, 0, 0.5]) == nil)
  }

  @Test func constantsHaveZeroGradients() throws {
    #expect(mismatch(try valueWithGradient(at: Tensor([1, 2])) { _ in Tensor(3) }.gradient, [0, 0]) == nil)
    #expect(mismatch(try valueWithGradient(at: Tensor([1, 2])) { $0[0] }.gradient, [1, 0]) == nil)
    #expect(mismatch(try valueWithGradient(at: Tensor(5)) { $0 }.gradient, [1]) == nil)
  }
}
