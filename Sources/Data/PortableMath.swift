import MartletCore

/// Elementary functions made of additions, multiplications and divisions alone: unlike those of a system's library
/// they give the same bits on every machine.
enum PortableMath {
  /// Cosine and sine of an angle in turns of 360 degrees, right to the last bit but one of Float.
  static func cosineAndSine(turns: Float) -> (cosine: Float, sine: Float) {
    let quarter = (4 * Double(turns)).rounded()
    let x = (Double(turns) - quarter / 4) * 2 * Double.pi
    // The series of Taylor within 45 degrees, where their first left-out terms are below 1e-11.
    let square = x * x
    let sine =
      x * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110)))))
    let cosine =
      1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56 * (1 - square / 90))))
    let (c, s) = (Float(cosine), Float(sine))
    return switch Int(quarter) & 3 {
    case 0: (c, s)
    case 1: (-s, c)
    case 2: (-c, -s)
    default: (s, -c)
    }
  }

  /// The natural logarithm of a positive number.
  static func logarithm(_ x: Float) -> Float {
    var (fraction, exponent) = (Double(x.significand), Double(x.exponent))
    if fraction > 1.5 { (fraction, exponent) = (fraction / 2, exponent + 1) }
    // ln m = 2 artanh((m - 1) / (m + 1)), by its series.
    let t = (fraction - 1) / (fraction + 1)
    let square = t * t
    var sum = 0.0
    for power in stride(from: 15, through: 1, by: -2) { sum = sum * square + 1 / Double(power) }
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
