/// A function of each element, by name: it prints, saves, and can be fused into the operation before it.
public enum ActivationFunction: Hashable, Sendable {
  case linear
  case relu
  /// min(max(x, 0), 6)
  case relu6
  /// x where positive, slope * x elsewhere. Keras's slope is 0.2, PyTorch's 0.01.
  case leakyRelu(slope: Float = 0.2)
  /// x where positive, alpha * (exp(x) - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2016, *Fast and accurate deep
  /// network learning by exponential linear units*).
  case elu(alpha: Float = 1)
  /// (Klambauer, Unterthiner, Mayr, Hochreiter 2017, *Self-normalizing neural networks*)
  case selu
  /// x * Φ(x), with the error function or its tanh approximation (Hendrycks, Gimpel 2016, *Gaussian error linear
  /// units*).
  case gelu(approximate: Bool = false)
  case sigmoid
  case tanh
  /// log(1 + exp(x))
  case softplus
  /// x / (1 + |x|)
  case softsign
  /// x * sigmoid(x), also called swish.
  case silu
  /// x * tanh(softplus(x))
  case mish
  case exponential
  /// x / 6 + 1 / 2, within 0 and 1.
  case hardSigmoid
  case softmax
  case logSoftmax

  /// The part that runs while the results are still in registers.
  var epilogue: Epilogue.Activation {
    switch self {
    case .relu: .relu
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    default: .linear
    }
  }

  /// What is left to do after an operation with this activation's epilogue.
  func applied(after y: Tensor) -> Tensor { epilogue == .linear ? self(y) : y }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .linear: x
    case .relu: x.relu()
    case .relu6: x.clipped(0, 6)
    case .leakyRelu(let slope): x.where(x > 0, else: x * slope)
    case .elu(let alpha): x.where(x > 0, else: (minimum(x, 0).exp() - 1) * alpha)
    case .selu: ActivationFunction.elu(alpha: 1.673_263_242_4)(x) * 1.050_700_987_4
    case .gelu(approximate: false): x * ((x * 0.707_106_781_2).erf() + 1) * 0.5
    case .gelu(approximate: true):
      x * (((x + x * x * x * 0.044_715) * 0.797_884_560_8).tanh() + 1) * 0.5
    case .sigmoid: x.sigmoid()
    case .tanh: x.tanh()
    case .softplus: Self.softplus(x)
    case .softsign: x / (x.abs() + 1)
    case .silu: x * x.sigmoid()
    case .mish: x * Self.softplus(x).tanh()
    case .exponential: x.exp()
    case .hardSigmoid: (x * (1 / 6) + 0.5).clipped(0, 1)
    case .softmax: x.softmax()
    case .logSoftmax: x.logSoftmax()
    }
  }

  private static func softplus(_ x: Tensor) -> Tensor { maximum(x, 0) + ((-x.abs()).exp() + 1).log() }
}

extension ActivationFunction: CustomStringConvertible {
  public var description: String {
    switch self {
    case .linear: ".linear"
    case .relu: ".relu"
    case .relu6: ".relu6"
    case .leakyRelu(let slope): ".leakyRelu(slope: \(slope))"
    case .elu(let alpha): alpha == 1 ? ".elu()" : ".elu(alpha: \(alpha))"
    case .selu: ".selu"
    case .gelu(let approximate): approximate ? ".gelu(approximate: true)" : ".gelu()"
    case .sigmoid: ".sigmoid"
    case .tanh: ".tanh"
    case .softplus: ".softplus"
    case .softsign: ".softsign"
    case .silu: ".silu"
    case .mish: ".mish"
    case .exponential: ".exponential"
    case .hardSigmoid: ".hardSigmoid"
    case .softmax: ".softmax"
    case .logSoftmax: ".logSoftmax"
    }
  }
}

/// An activation as a layer of its own.
public final class Activation: Layer {
  public let activation: ActivationFunction
  public init(_ activation: ActivationFunction) { self.activation = activation }
  public func forward(_ x: Tensor) -> Tensor { activation(x) }
  public var description: String { ConstructorText("Activation", activation).text }
}

/// max(x, 0), with Keras's options: values at or above `maxValue` are cut, those below `threshold` follow
/// `negativeSlope * (x - threshold)`.
public final class ReLU: Layer {
  public let maxValue: Float?
  public let negativeSlope: Float
  public let threshold: Float

  public init(maxValue: Float? = nil, negativeSlope: Float = 0, threshold: Float = 0) {
    self.maxValue = maxValue
    self.negativeSlope = negativeSlope
    self.threshold = threshold
  }

  public func forward(_ x: Tensor) -> Tensor {
    if negativeSlope == 0 && threshold == 0 {
      return maxValue.map { minimum(x.relu(), Tensor($0)) } ?? x.relu()
    }
    let upper = maxValue.map { minimum(x, Tensor($0)) } ?? x
    return upper.where(x >= Tensor(threshold), else: (x - threshold) * negativeSlope)
  }

  public var description: String {
    let text = ConstructorText("ReLU")
    return (maxValue.map { text.adding("maxValue", $0) } ?? text).adding(
      "negativeSlope", negativeSlope, unless: 0
    ).adding("threshold", threshold, unless: 0).text
  }
}

/// x where positive, negativeSlope * x elsewhere (Maas, Hannun, Ng 2013, *Rectifier nonlinearities improve neural network
/// acoustic models*). Keras's slope is 0.3, PyTorch's 0.01.
public final class LeakyReLU: Layer {
  public let negativeSlope: Float
  public init(negativeSlope: Float = 0.3) { self.negativeSlope = negativeSlope }
  public func forward(_ x: Tensor) -> Tensor { ActivationFunction.leakyRelu(slope: negativeSlope)(x) }
  public var description: String {
    ConstructorText("LeakyReLU").adding("negativeSlope", negativeSlope, unless: 0.3).text
  }
}

/// x where positive, alpha * (exp(x) - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2016, *Fast and accurate deep
/// network learning by exponential linear units*).
public final class ELU: Layer {
  public let alpha: Float
  public init(alpha: Float = 1) { self.alpha = alpha }
  public func forward(_ x: Tensor) -> Tensor { ActivationFunction.elu(alpha: alpha)(x) }
  public var description: String { ConstructorText("ELU").adding("alpha", alpha, unless: 1).text }
}

/// Numbers of sum 1 along an axis: exp(x) / Σ exp(x).
public final class Softmax: Layer {
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func forward(_ x: Tensor) -> Tensor { x.softmax(axis: axis) }
  public var description: String { ConstructorText("Softmax").adding("axis", axis, unless: -1).text }
}

/// x where positive, and a learned slope times x elsewhere (He, Zhang, Ren, Sun 2015, *Delving deep into rectifiers*).
public final class PReLU: Layer {
  /// Axes along which one slope serves, counted without the batch axis from 1 as in Keras.
  public let sharedAxes: [Int]
  public let alpha: Parameter

  public init(sharedAxes: [Int] = [], alphaInitializer: Initializer = .zeros) {
    self.sharedAxes = sharedAxes
    alpha = Parameter(alphaInitializer)
  }

  public func forward(_ x: Tensor) -> Tensor {
    let sizes = (1..<max(1, x.rank)).map { sharedAxes.contains($0) ? 1 : x.shape[$0] }
    return x.where(x > 0, else: x * alpha(Shape(sizes)))
  }

  public var description: String {
    ConstructorText("PReLU").adding("sharedAxes", sharedAxes, unless: []).text
  }
}
