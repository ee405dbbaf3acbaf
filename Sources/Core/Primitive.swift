/// Everything a device must be able to do: the whole boundary between tensors and hardware.
///
/// Shapes and element types come with the operands; a primitive carries what they do not say. Operands are dense and
/// row-major. Operands marked *scalar* are numbers handed over by value (`Operand.scalar`), never part of a plan.
public enum Primitive: Hashable, Sendable {
  /// inputs (any may be scalars) → results
  case elementwise(ElementwiseProgram)
  /// x → y; with a program, inputs → y: the reduction of the program's one result, which is never stored. It has the
  /// shape of the largest input.
  case reduction(Reduction, of: ElementwiseProgram?)
  /// (a, b, epilogue operands) → c
  case gemm(GEMM, Epilogue)
  /// `forward` (x, w, epilogue operands) → y; `backwardData` (dy, w, epilogue operands) → dx; `backwardKernel`
  /// (x, dy) → dw, or with a bias in its epilogue (dw, db): the sums of dy over all axes but the last
  case convolution(ConvolutionPass, ConvolutionGeometry, Epilogue)
  /// See `PoolingPass`.
  case pooling(PoolingPass, PoolingGeometry)
  /// See `ResamplingPass`.
  case resampling(ResamplingPass, Resampling)
  /// (x, gamma, beta, epilogue operands, scalar epsilon) → (y, mean, variance), with the batch's own statistics: over
  /// all axes but the last, the variance biased. The epilogue may have a residual, and the activation `.relu`. Where
  /// there is a fourth result, it is the shift with which y = (x - mean) * gamma / √(variance + epsilon) + shift.
  case batchNormalization(Epilogue)
  /// (dy, x, gamma, mean, variance, scalar epsilon) → (dx, dgamma, dbeta). Where y was rectified and dy is the gradient
  /// after that, (dy, x, gamma, mean, variance, shift, scalar epsilon): where y is positive is computed again.
  case batchNormalizationBackward(isRectified: Bool)
  /// logits → probabilities along the last axis, or their logarithms
  case softmax(logarithm: Bool)
  /// (logits of shape (..., C), int32 labels of shape (...)) → losses of shape (...); labels outside 0 ..< C give 0
  case softmaxCrossEntropy
  /// (logits, labels, gradients of the losses) → gradient of the logits
  case softmaxCrossEntropyBackward
  /// (x, int32 indices) → y; indices outside the axis give zeros
  case gather(Gather)
  /// (y, int32 indices) → x, zero but for the sums of what `gather` takes from each place
  case scatterAdd(Gather)
  /// (x0, x1, ..., scalar background) → y; the background stands where no piece writes
  case copy(StridedCopy)
  /// x → (values, int32 indices) of the k largest along the last axis, in falling order, earlier indices first
  case topK(Int)
  /// scalar → y, that number everywhere
  case fill
  /// (scalar low half, scalar high half of the key) → y
  case random(Distribution)
}

/// A sum, product or extremum over one axis of an array seen as (outer, length, inner).
public struct Reduction: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case sum, product, minimum, maximum
    /// The int32 index of the first smallest or largest element.
    case argMinimum, argMaximum
  }
  public var kind: Kind
  public var outer: Int
  public var length: Int
  public var inner: Int

  public init(_ kind: Kind, outer: Int, length: Int, inner: Int) {
    self.kind = kind
    self.outer = outer
    self.length = length
    self.inner = inner
  }
}

/// c[i] = op(a[i]) · op(b[i]) for a batch of matrices; op(a) is m x k, op(b) is k x n, c is m x n.
public struct GEMM: Hashable, Sendable {
  public var m: Int
  public var n: Int
  public var k: Int
  /// a is stored k x m.
  public var transposeA: Bool
  /// b is stored n x k.
  public var transposeB: Bool
  public var batch: Int
  /// Whether one matrix a, or b, serves the whole batch.
  public var sharesA: Bool
  public var sharesB: Bool

  public init(
    m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false, batch: Int = 1,
    sharesA: Bool = false, sharesB: Bool = false
  ) {
    self.m = m
    self.n = n
    self.k = k
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.batch = batch
    self.sharesA = sharesA
    self.sharesB = sharesB
  }
}

/// What happens to a tile of results while it is still in registers:
///
///     activation((result + bias) * scale + shift + residual)        and 0 where the mask is not positive
///
/// Bias, scale and shift (one number a channel or column), the residual and the mask (of the result's shape) follow the
/// other inputs, in this order. Scale and shift are batch normalisation in inference.
///
/// A forward convolution over two axes may pool in the end; then its results are those of the pooling.
public struct Epilogue: Hashable, Sendable {
  public enum Activation: UInt8, Hashable, Sendable, CaseIterable {
    case linear, relu, sigmoid, tanh
  }
  public var hasBias: Bool
  public var hasScale: Bool
  /// Only with a scale.
  public var hasShift: Bool
  public var hasResidual: Bool
  public var activation: Activation
  /// Only with activations `.linear` and `.relu`: the gradient of a rectifier that had the mask as its output.
  public var hasMask: Bool
  /// The maxima of squares of 2 x 2, and their places as `PoolingPass.forward` gives them; what is left over at the end
  /// of an axis is dropped.
  public var hasMaxPool: Bool

  public init(
    hasBias: Bool = false, hasScale: Bool = false, hasShift: Bool = false, hasResidual: Bool = false,
    activation: Activation = .linear, hasMask: Bool = false, hasMaxPool: Bool = false
  ) {
    self.hasBias = hasBias
    self.hasScale = hasScale
    self.hasShift = hasShift
    self.hasResidual = hasResidual
    self.activation = activation
    self.hasMask = hasMask
    self.hasMaxPool = hasMaxPool
  }

  public static let none = Epilogue()
}

/// Takes rows of an array seen as (outer, axis, inner): y[o, i, :] = x[o, indices[i], :]. Where `isBatched`, the
/// indices are (outer, count) and each outer row has its own.
public struct Gather: Hashable, Sendable {
  public var outer: Int
  public var axis: Int
  public var inner: Int
  public var count: Int
  public var isBatched: Bool

  public init(outer: Int, axis: Int, inner: Int, count: Int, isBatched: Bool = false) {
    self.outer = outer
    self.axis = axis
    self.inner = inner
    self.count = count
    self.isBatched = isBatched
  }
}

/// Boxes of elements copied between places: slices, pads, transpositions, flips, repetitions, concatenations. Piece i
/// reads input i. Strides are in elements, may be negative, and on the input side zero; pieces never overlap in the
/// output.
public struct StridedCopy: Hashable, Sendable {
  public struct Piece: Hashable, Sendable {
    /// Sizes of the box; both stride lists have as many numbers.
    public var shape: Shape
    public var inputOffset: Int
    public var inputStrides: [Int]
    public var outputOffset: Int
    public var outputStrides: [Int]

    public init(
      shape: Shape, inputOffset: Int = 0, inputStrides: [Int], outputOffset: Int = 0, outputStrides: [Int]
    ) {
      self.shape = shape
      self.inputOffset = inputOffset
      self.inputStrides = inputStrides
      self.outputOffset = outputOffset
      self.outputStrides = outputStrides
    }
  }
  public var pieces: [Piece]

  public init(_ pieces: [Piece]) { self.pieces = pieces }
}

/// Where random numbers come from. Element i uses word i % 4 of Philox block i / 4.
public enum Distribution: UInt8, Hashable, Sendable, CaseIterable {
  /// [0, 1) with 24 bits.
  case uniform
  /// Mean 0 and variance 1: Box and Muller's transform of the words 0 and 1, and of 2 and 3, of a block.
  case normal
  /// The standard normal distribution cut at two standard deviations, by its inverse distribution function.
  case truncatedNormal
}
