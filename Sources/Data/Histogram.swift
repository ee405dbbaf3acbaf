import MartletCore

/// How the finite numbers of an array are spread: counts in buckets of equal width from the least to the greatest.
///
/// ```swift
/// let histogram = Histogram(of: HostArray([0, 1, 1, 3] as [Float]), buckets: 3)
/// histogram.limits                       // [1.0, 2.0, 3.0]
/// histogram.counts                       // [1, 2, 1]
/// ```
public struct Histogram: Sendable, Equatable {
  /// Of the finite numbers; 0 where there are none.
  public private(set) var minimum = 0.0
  public private(set) var maximum = 0.0
  public private(set) var count = 0
  public private(set) var sum = 0.0
  public private(set) var sumOfSquares = 0.0
  /// How many numbers are NaN or infinite; they are in no bucket.
  public private(set) var nonFiniteCount = 0
  /// The upper end of each bucket, the last one the maximum. A number at an end is in the bucket above it, except for
  /// the maximum. One bucket where all numbers are equal, none where there are none.
  public private(set) var limits: [Double] = []
  public private(set) var counts: [Int] = []

  /// - Parameter array: float32, of any shape.
  public init(of array: HostArray, buckets: Int = 30) {
    precondition(buckets > 0, "there is at least one bucket; received \(buckets)")
    precondition(array.dtype == .float32, "a histogram is of float32; received \(array.dtype)")
    array.withUnsafeBytes { bytes in
      // Arrays of bytes need not begin where a float may.
      func number(_ index: Int) -> Float { bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) }
      let total = bytes.count / 4
      measure(total, number)
      guard count > 0 else { return }
      guard maximum > minimum else {
        (limits, counts) = ([maximum], [count])
        return
      }
      let scale = Double(buckets) / (maximum - minimum)
      counts = [Int](repeating: 0, count: buckets)
      counts.withUnsafeMutableBufferPointer { counts in
        for index in 0..<total {
          let value = number(index)
          guard value.isFinite else { continue }
          counts[min(buckets - 1, Int((Double(value) - minimum) * scale))] += 1
        }
      }
      limits = (1...buckets).map { $0 == buckets ? maximum : minimum + Double($0) / scale }
    }
  }

  private mutating func measure(_ total: Int, _ number: (Int) -> Float) {
    var (least, greatest) = (Float.infinity, -Float.infinity)
    var (sum, squares, count) = (0.0, 0.0, 0)
    for index in 0..<total {
      let value = number(index)
      guard value.isFinite else { continue }
      least = min(least, value)
      greatest = max(greatest, value)
      sum += Double(value)
      squares += Double(value) * Double(value)
      count += 1
    }
    (self.sum, sumOfSquares, self.count, nonFiniteCount) = (sum, squares, count, total - count)
    if count > 0 { (minimum, maximum) = (Double(least), Double(greatest)) }
  }
}
