import Glibc
import MartletCore

extension Distribution {
  func defined(key halves: [Number], count: Int) -> [Double] {
    let words = halves.map { half -> UInt64 in
      guard case .integer(let value) = half else { preconditionFailure("a key is two whole numbers") }
      return UInt64(UInt32(bitPattern: value))
    }
    let philox = Philox(key: words[0] | words[1] << 32)
    func word(_ i: Int) -> UInt32 { philox.block(UInt64(i / 4))[i % 4] }
    return (0..<count).map { i in
      switch self {
      case .uniform: return Double(Philox.unit(word(i)))
      case .normal:
        let radius = (-2 * log(1 - Double(Philox.unit(word(i / 2 * 2))))).squareRoot()
        let angle = 2 * Double.pi * Double(Philox.unit(word(i / 2 * 2 + 1)))
        return radius * (i % 2 == 0 ? cos(angle) : sin(angle))
      case .truncatedNormal:
        let tail = standardNormal(below: -2)
        let share = (Double(word(i) >> 8) + 0.5) / 16_777_216
        return quantile(tail + share * (1 - 2 * tail))
      }
    }
  }

  /// Where the standard normal distribution function has a value, between -2 and 2: by halving.
  private func quantile(_ probability: Double) -> Double {
    var (low, high) = (-2.0, 2.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if standardNormal(below: middle) < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}

/// The standard normal distribution function.
public func standardNormal(below x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

extension Trial {
  public static var random: [Trial] {
    [1, 3, 33, 1000, 20_003].map { numbers(.uniform, $0) } + [1, 70, 9001].map { numbers(.normal, $0) }
      + [1, 70, 9001].map { numbers(.truncatedNormal, $0) }
  }

  static var largeRandom: [Trial] { [numbers(.uniform, 1_000_000)] }

  /// Uniform ones are exact. Between -2 and 2 the density is at least 0.05: an error of 2^-24 in the probability is one
  /// of 1.1e-6 in the place.
  private static func numbers(_ distribution: Distribution, _ count: Int) -> Trial {
    let isExact = distribution == .uniform
    return Trial(
      .random(distribution), "\(count) \(distribution)", [],
      numbers: [.integer(Int32(bitPattern: 0x89AB_CDEF)), .integer(0x0123_4567)],
      outputs: [Output([count], relative: isExact ? 0 : 1e-6, absolute: isExact ? 0 : 3e-6)])
  }
}
