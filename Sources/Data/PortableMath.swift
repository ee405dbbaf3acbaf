import MartletCore

/// Elementary functions made of additions, multiplications and divisions alone: unlike those of a system's library
/// they give the same bits on every machine.
enum PortableMath {
  /// Cosine and sine of an angle in turns of 360 degrees, of which it has at most a thousand; right to the last bit
  /// but one of Float.
  static func cosineAndSine(turns: Float) -> (cosine: Float, sine: Float) {
    // The nearest quarter turn; truncation of a positive number, because rounding is a call of the system.
    let quarter = Int(4 * Double(turns) + 4096.5) - 4096
    let x = (Double(turns) - Double(quarter) / 4) * 2 * Double.pi
    // The series of Taylor for both within 45 degrees, where the first terms left out are below 1e-9.
    let square = SIMD2(repeating: x * x)
    var both = SIMD2(-1 / 39_916_800.0, -1 / 3_628_800.0)
    both = both * square + SIMD2(1 / 362_880.0, 1 / 40_320.0)
    both = both * square + SIMD2(-1 / 5_040.0, -1 / 720.0)
    both = both * square + SIMD2(1 / 120.0, 1 / 24.0)
    both = both * square + SIMD2(-1 / 6.0, -1 / 2.0)
    both = both * square + 1
    let (c, s) = (Float(both.y), Float(x * both.x))
    return switch quarter & 3 {
    case 0: (c, s)
    case 1: (-s, c)
    case 2: (-c, -s)
    default: (s, -c)
    }
  }

  /// The natural logarithm of a positive number of at least 2⁻¹²⁶.
  static func logarithm(_ x: Float) -> Float {
    var exponent = Double(x.exponentBitPattern) - 127
    var fraction = Double(Float(bitPattern: x.significandBitPattern | Float(1).bitPattern))
    if fraction > 1.5 { (fraction, exponent) = (fraction / 2, exponent + 1) }
    // ln m = 2 artanh((m - 1) / (m + 1)), by its series.
    let t = (fraction - 1) / (fraction + 1)
    let square = t * t
    var sum = 1 / 11.0
    sum = sum * square + 1 / 9.0
    sum = sum * square + 1 / 7.0
    sum = sum * square + 1 / 5.0
    sum = sum * square + 1 / 3.0
    sum = sum * square + 1
    return Float(2 * t * sum + exponent * 0.693_147_180_559_945_3)
  }
}

extension PhiloxGenerator {
  /// A number in [-1, 1).
  mutating func symmetric() -> Float { 2 * unit() - 1 }

  /// A whole number in 0 ..< `limit`, which is far below 2³².
  mutating func whole(below limit: Int) -> Int { Int((UInt64(word()) * UInt64(limit)) >> 32) }

  /// Two independent numbers of the standard normal distribution (Box and Muller 1958, *A note on the generation of
  /// random normal deviates*).
  mutating func normals() -> (Float, Float) {
    let radius = (-2 * PortableMath.logarithm(1 - unit())).squareRoot()
    let (cosine, sine) = PortableMath.cosineAndSine(turns: unit())
    return (radius * cosine, radius * sine)
  }
}
