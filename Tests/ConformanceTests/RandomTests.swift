import Glibc
import MartletCore
import Testing

@Suite struct RandomTests {
  private let key: UInt64 = 0x0123_4567_89AB_CDEF

  private func numbers(_ pair: DevicePair, _ distribution: Distribution, _ count: Int) throws -> [Float] {
    let halves = [key & 0xFFFF_FFFF, key >> 32].map {
      Operand(scalar: UInt32(truncatingIfNeeded: $0), dtype: .int32)
    }
    return try pair.run(.random(distribution), [], scalars: halves, output: [count])
  }

  private func word(_ i: Int) -> UInt32 { Philox(key: key).block(UInt64(i / 4))[i % 4] }

  @Test(arguments: DevicePair.all, [1, 3, 33, 1000, 20_003])
  func uniform(pair: DevicePair, count: Int) throws {
    #expect(try numbers(pair, .uniform, count) == (0..<count).map { Philox.unit(word($0)) })
  }

  @Test(arguments: DevicePair.all, [1, 70, 9001])
  func normal(pair: DevicePair, count: Int) throws {
    let expected = (0..<count).map { i in
      let radius = (-2 * log(1 - Double(Philox.unit(word(i / 2 * 2))))).squareRoot()
      let angle = 2 * Double.pi * Double(Philox.unit(word(i / 2 * 2 + 1)))
      return radius * (i % 2 == 0 ? cos(angle) : sin(angle))
    }
    expectClose(try numbers(pair, .normal, count), expected, relative: 1e-6, absolute: 3e-6)
  }

  /// Each number's place in the distribution is that of its word.
  @Test(arguments: DevicePair.all, [1, 70, 9001])
  func truncatedNormal(pair: DevicePair, count: Int) throws {
    let actual = try numbers(pair, .truncatedNormal, count)
    let tail = below(-2)
    let places = actual.map { Float((below(Double($0)) - tail) / (1 - 2 * tail)) }
    let expected = (0..<count).map { (Double(word($0) >> 8) + 0.5) / 16_777_216 }
    expectClose(places, expected, relative: 1e-6, absolute: 1e-6)
    #expect(actual.allSatisfy { Swift.abs($0) <= 2 })
  }

  private func below(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// Mean, variance, and the largest distance between the observed and the true distribution function (Kolmogorov and
  /// Smirnov), which exceeds 1.95 / sqrt(n) once in a thousand samples.
  @Test(arguments: Distribution.allCases)
  func moments(distribution: Distribution) throws {
    let count = 40_000
    let sample = try numbers(DevicePair.all[0], distribution, count).map(Double.init).sorted()
    let mean = sample.reduce(0, +) / Double(count)
    let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    let tail = below(-2)
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
        case .normal: below(item.element)
        case .truncatedNormal: (below(item.element) - tail) / (1 - 2 * tail)
        }
      return max(largest, Swift.abs(truth - (Double(item.offset) + 0.5) / Double(count)))
    }
    #expect(distance < 1.95 / Double(count).squareRoot())
  }
}
