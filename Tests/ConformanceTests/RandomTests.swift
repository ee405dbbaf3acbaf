import Glibc
import MartletCore
import MartletDefinitions
import Testing

@Suite struct RandomTests {
  private let key: UInt64 = 0x0123_4567_89AB_CDEF

  private func numbers(_ pair: DevicePair, _ distribution: Distribution, _ count: Int) throws -> [Float] {
    let halves = [key & 0xFFFF_FFFF, key >> 32].map {
      Operand(scalar: UInt32(truncatingIfNeeded: $0), dtype: .int32)
    }
    return try pair.run(.random(distribution), [], scalars: halves, output: [count])
  }

  @Test(arguments: Trial.random)
  func matchesTheDefinition(_ trial: Trial) throws { try expectDefined(trial) }

  /// Mean, variance, and the largest distance between the observed and the true distribution function (Kolmogorov and
  /// Smirnov), which exceeds 1.95 / sqrt(n) once in a thousand samples.
  @Test(arguments: Distribution.allCases)
  func moments(distribution: Distribution) throws {
    let count = 40_000
    let sample = try numbers(DevicePair.all[0], distribution, count).map(Double.init).sorted()
    let mean = sample.reduce(0, +) / Double(count)
    let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    let tail = standardNormal(below: -2)
    // A normal variable cut at 2 deviations has the variance 1 - 4 density(2) / (1 - 2 tail).
    let cut = 1 - 4 * exp(-2) / (2 * Double.pi).squareRoot() / (1 - 2 * tail)
    let (trueMean, trueVariance): (Double, Double) =
      switch distribution {
      case .uniform: (0.5, 1.0 / 12)
      case .normal: (0, 1)
      case .truncatedNormal: (0, cut)
      }
    #expect(Swift.abs(mean - trueMean) < 4 * (trueVariance / Double(count)).squareRoot())
    #expect(Swift.abs(variance / trueVariance - 1) < 0.03)
    let distance = sample.enumerated().reduce(0.0) { largest, item in
      let truth: Double =
        switch distribution {
        case .uniform: item.element
        case .normal: standardNormal(below: item.element)
        case .truncatedNormal: (standardNormal(below: item.element) - tail) / (1 - 2 * tail)
        }
      return max(largest, Swift.abs(truth - (Double(item.offset) + 0.5) / Double(count)))
    }
    #expect(distance < 1.95 / Double(count).squareRoot())
  }
}
