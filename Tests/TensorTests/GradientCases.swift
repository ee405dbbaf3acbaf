import MartletTestSupport
import Testing

@testable import MartletTensor

/// A function whose derivatives are compared with finite differences, and where.
struct GradientCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let inputs: @Sendable () -> [Tensor]
  let function: @Sendable ([Tensor]) throws -> Tensor
  /// The derivative of a derivative that is piecewise constant is not worth a check.
  let hasSecondOrder: Bool

  init(
    _ name: String, _ inputs: @autoclosure @escaping @Sendable () -> [Tensor], secondOrder: Bool = true,
    _ function: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) {
    testDescription = name
    self.inputs = inputs
    self.function = function
    hasSecondOrder = secondOrder
  }
}

/// The element operations by opcode: the compiler asks for a case here when there is a new one.
enum ElementwiseGradients {
  enum Kind {
    case differentiable(GradientCase)
    case constant(reason: String)
  }

  /// Away from kinks and poles by more than a step of the finite difference.
  @Sendable private static func positive() -> Tensor { samples([2, 3], seed: 1, low: 0.5, high: 2) }
  @Sendable private static func signed() -> Tensor {
    let x = distinctSamples([2, 3], seed: 2, low: 0.2, high: 1.5)
    return x * Tensor([[1, -1, 1], [-1, 1, -1]])
  }

  static func kind(of opcode: ElementwiseOpcode) -> Kind {
    let name = "\(opcode)"
    func one(_ x: @autoclosure @escaping @Sendable () -> Tensor, secondOrder: Bool = true) -> Kind {
      .differentiable(
        GradientCase(name, [x()], secondOrder: secondOrder) { Tensor.elementwise(opcode, [$0[0]]) })
    }
    func two(
      _ x: @autoclosure @escaping @Sendable () -> Tensor, _ y: @autoclosure @escaping @Sendable () -> Tensor,
      secondOrder: Bool = true
    ) -> Kind {
      .differentiable(
        GradientCase(name, [x(), y()], secondOrder: secondOrder) {
          Tensor.elementwise(opcode, [$0[0], $0[1]])
        }
      )
    }
    switch opcode {
    case .identity, .negate, .absolute, .relu: return one(signed(), secondOrder: false)
    case .square, .exp, .sin, .cos, .tanh, .sigmoid, .erf: return one(signed())
    case .squareRoot, .reciprocal, .log: return one(positive())
    case .sign, .floor, .ceil, .round: return .constant(reason: "flat between its steps")
    case .not, .equal, .notEqual, .less, .lessOrEqual, .and, .or:
      return .constant(reason: "its result is a truth value")
    case .add, .subtract: return two(signed(), positive()[0], secondOrder: false)
    case .multiply: return two(signed(), positive()[0])
    case .divide, .power: return two(positive(), positive()[0] + 0.25)
    case .minimum, .maximum: return two(signed(), Tensor([0.1, 0.15, 0.1]), secondOrder: false)
    case .remainder: return two(Tensor([1.3, 2.6, -1.7]), Tensor([0.9, 1.1, -0.8]), secondOrder: false)
    case .select:
      return .differentiable(
        GradientCase(name, [signed(), positive()], secondOrder: false) {
          $0[0].where(Tensor([true, false, true]), else: $0[1])
        })
    case .multiplyAdd:
      return .differentiable(
        GradientCase(name, [signed(), positive(), samples([3], seed: 3)]) {
          Tensor.elementwise(.multiplyAdd, $0)
        })
    }
  }
}

/// The families of primitives: the compiler asks for a case here when there is a new one.
enum FamilyGradients {
  static let cases: [GradientCase] = [
    GradientCase("sum over axes apart", [samples([2, 3, 2], seed: 1)]) {
      ($0[0].squared()).sum(axes: [0, 2])
    },
    GradientCase("mean, variance", [samples([3, 4], seed: 1)]) {
      $0[0].mean(axes: 0) * $0[0].variance(axes: 0)
    },
    GradientCase("product", [samples([2, 3], seed: 1, low: 0.5, high: 1.5)]) { $0[0].product(axes: 1) },
    GradientCase("product with zeros", [Tensor([[2, 0, 3], [0, 0, 1]])], secondOrder: false) {
      $0[0].product(axes: 1)
    },
    GradientCase("max, min", [distinctSamples([3, 4], seed: 1)]) {
      $0[0].max(axes: 1).squared() + $0[0].min(axes: 1).exp()
    },
    GradientCase("matmul", [samples([2, 3], seed: 1), samples([3, 2], seed: 2)]) { $0[0].matmul($0[1]) },
    GradientCase("matmul of vectors", [samples([3], seed: 1), samples([3], seed: 2)]) { $0[0].matmul($0[1]) },
    GradientCase("matmul of batches", [samples([2, 2, 3], seed: 1), samples([2, 3, 2], seed: 2)]) {
      $0[0].matmul($0[1])
    },
    GradientCase("matmul, shared left", [samples([2, 3], seed: 1), samples([2, 3, 2], seed: 2)]) {
      $0[0].matmul($0[1])
    },
    GradientCase(
      "matmul, broadcast batches", [samples([2, 1, 2, 2], seed: 1), samples([2, 2, 1], seed: 2)]
    ) {
      $0[0].matmul($0[1])
    },
    GradientCase(
      "dense, tanh", [samples([2, 3], seed: 1), samples([3, 2], seed: 2), samples([2], seed: 3)]
    ) { $0[0].dense($0[1], bias: $0[2], activation: .tanh) },
    GradientCase(
      "dense, sigmoid", [samples([2, 3], seed: 1), samples([3, 2], seed: 2), samples([2], seed: 3)]
    ) { $0[0].dense($0[1], bias: $0[2], activation: .sigmoid) },
    GradientCase("convolution", [samples([1, 4, 4, 2], seed: 1), samples([3, 3, 2, 2], seed: 2)]) {
      $0[0].convolution($0[1])
    },
    GradientCase(
      "convolution, strided, bias, tanh",
      [samples([1, 5, 4, 1], seed: 1), samples([3, 2, 1, 2], seed: 2), samples([2], seed: 3)]
    ) { $0[0].convolution($0[1], bias: $0[2], strides: 2, padding: .same, activation: .tanh) },
    GradientCase("convolution, dilated", [samples([1, 5, 5, 1], seed: 1), samples([2, 2, 1, 2], seed: 2)]) {
      $0[0].convolution($0[1], dilationRate: 2)
    },
    GradientCase("convolution, grouped", [samples([1, 3, 3, 4], seed: 1), samples([2, 2, 2, 2], seed: 2)]) {
      $0[0].convolution($0[1], padding: .same, groups: 2)
    },
    GradientCase(
      "transposed convolution", [samples([1, 2, 3, 2], seed: 1), samples([3, 3, 2, 2], seed: 2)]
    ) {
      $0[0].transposedConvolution($0[1], strides: 2, padding: .same)
    },
    GradientCase(
      "transposed convolution, bias, sigmoid",
      [samples([1, 2, 2, 1], seed: 1), samples([2, 2, 2, 1], seed: 2), samples([2], seed: 3)]
    ) { $0[0].transposedConvolution($0[1], bias: $0[2], strides: 2, activation: .sigmoid) },
    GradientCase(
      "convolution, three axes", [samples([1, 2, 3, 2, 1], seed: 1), samples([2, 2, 2, 1, 1], seed: 2)]
    ) { $0[0].convolution($0[1]) },
    GradientCase("max pooling", [distinctSamples([1, 4, 4, 2], seed: 1)]) { $0[0].maxPooled(2).squared() },
    GradientCase("max pooling, overlapping", [distinctSamples([1, 5, 5, 1], seed: 1, low: -2, high: 2)]) {
      $0[0].maxPooled(3, strides: 2, padding: .same).squared()
    },
    GradientCase("average pooling", [samples([1, 4, 4, 2], seed: 1)]) {
      $0[0].averagePooled(3, strides: 2, padding: .same).squared()
    },
    GradientCase("average pooling, counted", [samples([1, 3, 3, 1], seed: 1)]) {
      $0[0].averagePooled(2, padding: .same, countsPadding: true).squared()
    },
    GradientCase("unpooling", [samples([1, 2, 2, 1], seed: 1)]) { x in
      let (_, positions) = distinctSamples([1, 4, 4, 1], seed: 2).maxPooledWithPositions(2)
      return x[0].squared().unpooled(positions, to: [1, 4, 4, 1], poolSize: 2)
    },
    GradientCase("resampling", [samples([1, 3, 2, 2], seed: 1)]) {
      $0[0].squared().resized(height: 5, width: 3)
    },
    GradientCase("resampling to the nearest", [samples([1, 3, 4, 1], seed: 1)]) {
      $0[0].squared().resized(height: 2, width: 7, interpolation: .nearest)
    },
    GradientCase(
      "batch normalisation",
      [samples([2, 2, 2, 2], seed: 1), samples([2], seed: 2, low: 0.5), samples([2], seed: 3)]
    ) { $0[0].batchNormalized(gamma: $0[1], beta: $0[2], epsilon: 0.1).y },
    GradientCase("batch normalisation, statistics", [samples([4, 2], seed: 1)]) { x in
      let (y, mean, variance) = x[0].batchNormalized(
        gamma: Tensor([1, 2]), beta: Tensor([0, 1]), epsilon: 0.1)
      return y * mean + variance
    },
    GradientCase("softmax", [samples([2, 3], seed: 1)]) { $0[0].softmax() },
    GradientCase("softmax along the first axis", [samples([2, 3], seed: 1)]) { $0[0].softmax(axis: 0) },
    GradientCase("logSoftmax", [samples([2, 3], seed: 1)]) { $0[0].logSoftmax() },
    GradientCase("softmaxCrossEntropy", [samples([3, 4], seed: 1)]) {
      $0[0].softmaxCrossEntropy(labels: Tensor([2, 0, 9] as [Int32]))
    },
    GradientCase("gather", [samples([4, 2], seed: 1)]) {
      $0[0].squared().gathered(Tensor([3, 0, 3, 7] as [Int32]))
    },
    GradientCase("gather along the last axis", [samples([2, 3], seed: 1)]) {
      $0[0].squared().gathered(alongLastAxis: Tensor([[2, 2], [0, 1]] as [[Int32]]))
    },
    GradientCase("topK", [distinctSamples([2, 4], seed: 1)]) { $0[0].exp().topK(2).values },
    GradientCase("slice", [samples([3, 4], seed: 1)]) { $0[0].squared()[.range(step: -2), 1..<3] },
    GradientCase("transpose, flip, pad", [samples([2, 3], seed: 1)]) {
      $0[0].squared().transposed().flipped(axes: 0).padded([.init(1, 0), .init(0, 2)], value: 3)
    },
    GradientCase("broadcast, repeat, tile", [samples([2, 1], seed: 1)]) {
      $0[0].squared().broadcast(to: [2, 3]).repeated(2, axis: 0).tiled([1, 2])
    },
    GradientCase("concatenate, stack, split", [samples([2, 3], seed: 1), samples([2, 1], seed: 2)]) {
      let joined = Tensor.concatenated([$0[0], $0[1].squared(), $0[0]], axis: 1)
      let parts = joined.split(sizes: [3, 4], axis: 1)
      return Tensor.stacked([parts[0], parts[1][.all, 1...]], axis: 1).squared()
    },
    GradientCase("reshape", [samples([2, 3], seed: 1)]) { $0[0].squared().reshaped(3, 2)[0] },
    GradientCase("fill", [Tensor(0.75)]) { $0[0].squared().broadcast(to: [3]) },
  ]

  /// Which of the cases goes through a family, or why none does.
  static func cases(of primitive: Primitive) -> [String] {
    switch primitive {
    case .elementwise: []  // `ElementwiseGradients` has them.
    case .reduction(let reduction, _):
      switch reduction.kind {
      case .sum: ["sum over axes apart"]
      case .product: ["product", "product with zeros"]
      case .minimum, .maximum: ["max, min"]
      case .argMinimum, .argMaximum: []  // Whole numbers have no gradient.
      }
    case .gemm: ["matmul", "dense, tanh", "dense, sigmoid"]
    case .convolution: ["convolution", "transposed convolution"]
    case .pooling: ["max pooling", "average pooling", "average pooling, counted", "unpooling"]
    case .resampling: ["resampling", "resampling to the nearest"]
    case .batchNormalization, .batchNormalizationBackward:
      ["batch normalisation", "batch normalisation, statistics"]
    case .softmax: ["softmax", "logSoftmax"]
    case .softmaxCrossEntropy, .softmaxCrossEntropyBackward: ["softmaxCrossEntropy"]
    case .gather, .scatterAdd: ["gather", "gather along the last axis"]
    case .copy: ["slice", "transpose, flip, pad", "concatenate, stack, split"]
    case .topK: ["topK"]
    case .fill: ["fill"]
    case .random: []  // A function of its key only.
    }
  }
}
