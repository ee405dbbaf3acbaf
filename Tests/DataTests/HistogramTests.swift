import MartletCore
import MartletData
import Testing

struct HistogramTests {
  /// The buckets by their definition, one number after another.
  @Test(arguments: [1, 2, 7, 30]) func countsAreByDefinition(buckets: Int) {
    var generator = PhiloxGenerator(seed: 8)
    let values = (0..<1000).map { _ in Float(Int(generator.word() % 401) - 200) / 64 }
    let histogram = Histogram(of: HostArray(values), buckets: buckets)
    let (low, high) = (Double(values.min()!), Double(values.max()!))
    #expect(histogram.minimum == low && histogram.maximum == high && histogram.count == 1000)
    #expect(histogram.sum == values.reduce(0) { $0 + Double($1) })
    #expect(histogram.sumOfSquares == values.reduce(0) { $0 + Double($1) * Double($1) })
    #expect(histogram.limits.count == buckets && histogram.limits.last == high)
    #expect(histogram.limits == histogram.limits.sorted())
    var left = low
    for (bucket, (right, count)) in zip(histogram.limits, histogram.counts).enumerated() {
      let isLast = bucket == buckets - 1
      let expected = values.count { Double($0) >= left && (Double($0) < right || isLast) }
      #expect(count == expected, "bucket \(bucket) of \(left) ..< \(right)")
      left = right
    }
  }

  @Test func oddNumbersAreLeftOut() {
    let odd: [Float] = [.nan, 1, .infinity, 2, -.infinity, 2, -.nan]
    let histogram = Histogram(of: HostArray(odd), buckets: 2)
    #expect(histogram.minimum == 1 && histogram.maximum == 2 && histogram.count == 3)
    #expect(histogram.nonFiniteCount == 4 && histogram.sum == 5 && histogram.sumOfSquares == 9)
    #expect(histogram.limits == [1.5, 2] && histogram.counts == [1, 2])
  }

  @Test func nothingAndTheSame() {
    for values in [[], [.nan, .infinity]] as [[Float]] {
      let histogram = Histogram(of: HostArray(values))
      #expect(histogram.limits.isEmpty && histogram.counts.isEmpty && histogram.count == 0)
      #expect(histogram.minimum == 0 && histogram.maximum == 0 && histogram.nonFiniteCount == values.count)
    }
    let same = Histogram(of: HostArray([0.5, 0.5, 0.5] as [Float]))
    #expect(same.limits == [0.5] && same.counts == [3])
    let largest = Float.greatestFiniteMagnitude
    let wide = Histogram(of: HostArray([-largest, largest, 0, .leastNonzeroMagnitude]), buckets: 2)
    #expect(wide.counts == [1, 3])
    let narrow = Histogram(of: HostArray([0, .leastNonzeroMagnitude] as [Float]), buckets: 3)
    #expect(narrow.counts == [1, 0, 1])
  }
}
