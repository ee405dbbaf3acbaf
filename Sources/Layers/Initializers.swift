/// How the first values of a parameter are drawn. Fans count the inputs and outputs that one number takes part in:
/// for a kernel (spatial axes, in, out) these are in and out times the product of the spatial axes.
public enum Initializer: Hashable, Sendable {
  case zeros
  case ones
  case constant(Float)
  /// Evenly within ±√(6 / (fan in + fan out)) (Glorot, Bengio 2010, *Understanding the difficulty of training deep
  /// feedforward neural networks*): Keras's default. PyTorch draws evenly within ±1 / √(fan in) instead.
  case glorotUniform
  /// Truncated normal of variance 2 / (fan in + fan out).
  case glorotNormal
  /// Evenly within ±√(6 / fan in) (He, Zhang, Ren, Sun 2015, *Delving deep into rectifiers*).
  case heUniform
  /// Truncated normal of variance 2 / fan in.
  case heNormal
  /// Evenly within ±√(3 / fan in) (LeCun, Bottou, Orr, Müller 1998, *Efficient backprop*).
  case lecunUniform
  /// Truncated normal of variance 1 / fan in.
  case lecunNormal
  case randomUniform(low: Float, high: Float)
  case randomNormal(mean: Float, standardDeviation: Float)
  /// Linear interpolation along each spatial axis, every channel by itself: what a transposed convolution of strides s
  /// and kernel size 2 s - s % 2 enlarges pictures with, where it has as many filters as channels (Long, Shelhamer,
  /// Darrell 2015, *Fully convolutional networks for semantic segmentation*).
  case bilinear

  /// Values of a shape that depend on a key only.
  package func value(_ shape: Shape, key: UInt64) -> Tensor {
    let fans = Self.fans(shape)
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .ones(shape)
    case .constant(let value): return .full(shape, value)
    case .glorotUniform: return uniform(shape, limit: 6 / (fans.in + fans.out), key)
    case .glorotNormal: return truncatedNormal(shape, variance: 2 / (fans.in + fans.out), key)
    case .heUniform: return uniform(shape, limit: 6 / fans.in, key)
    case .heNormal: return truncatedNormal(shape, variance: 2 / fans.in, key)
    case .lecunUniform: return uniform(shape, limit: 3 / fans.in, key)
    case .lecunNormal: return truncatedNormal(shape, variance: 1 / fans.in, key)
    case .randomUniform(let low, let high):
      return Tensor.random(.uniform, shape, key: key) * (high - low) + low
    case .randomNormal(let mean, let deviation):
      return Tensor.random(.normal, shape, key: key) * deviation + mean
    case .bilinear: return bilinear(shape)
    }
  }

  private func uniform(_ shape: Shape, limit squared: Float, _ key: UInt64) -> Tensor {
    (Tensor.random(.uniform, shape, key: key) * 2 - 1) * squared.squareRoot()
  }

  /// Cut at two standard deviations, and widened so that the variance is the one asked for.
  private func truncatedNormal(_ shape: Shape, variance: Float, _ key: UInt64) -> Tensor {
    Tensor.random(.truncatedNormal, shape, key: key) * (variance.squareRoot() / 0.879_625_66)
  }

  /// A tent over each spatial axis, from channel c of (spatial axes, out, in) to c % out.
  private func bilinear(_ shape: Shape) -> Tensor {
    precondition(shape.rank > 2, ".bilinear is for the kernels of convolutions; received the shape \(shape)")
    let channels = Tensor((0..<shape[-1]).map { Int32($0 % shape[-2]) }).oneHot(shape[-2]).transposed(1, 0)
    return shape.sizes.dropLast(2).reversed().reduce(channels) { value, size in
      let distance = (Tensor.range(size).cast(to: .float32) - Float(size - 1) / 2).abs()
      let tent = 1 - distance * (1 / Float((size + 1) / 2))
      return tent.reshaped([size] + [Int](repeating: 1, count: value.rank)) * value
    }
  }

  static func fans(_ shape: Shape) -> (in: Float, out: Float) {
    switch shape.rank {
    case 0: return (1, 1)
    case 1: return (Float(shape[0]), Float(shape[0]))
    default:
      let field = shape.count(of: 0..<shape.rank - 2)
      return (Float(field * shape[-2]), Float(field * shape[-1]))
    }
  }

  /// The random key of a parameter: a function of the seed and its path.
  package static func key(seed: UInt64, path: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let block = Philox(key: seed).block(hash, 1)
    return UInt64(block[0]) | UInt64(block[1]) << 32
  }
}

extension Initializer: CustomStringConvertible {
  public var description: String {
    switch self {
    case .zeros: ".zeros"
    case .ones: ".ones"
    case .constant(let value): ".constant(\(value))"
    case .glorotUniform: ".glorotUniform"
    case .glorotNormal: ".glorotNormal"
    case .heUniform: ".heUniform"
    case .heNormal: ".heNormal"
    case .lecunUniform: ".lecunUniform"
    case .lecunNormal: ".lecunNormal"
    case .randomUniform(let low, let high): ".randomUniform(low: \(low), high: \(high))"
    case .randomNormal(let mean, let deviation):
      ".randomNormal(mean: \(mean), standardDeviation: \(deviation))"
    case .bilinear: ".bilinear"
    }
  }
}
