import Glibc

extension CPUDevice {
  /// Floating-point operations a second when all threads do nothing but multiply-adds in registers: the peak that
  /// kernels are measured against.
  public func multiplyAddRate(seconds: Double = 0.05, clock: clockid_t = CLOCK_MONOTONIC) -> Double {
    let spots = UnsafeMutablePointer<Float>.allocate(capacity: threads * 64)
    defer { spots.deallocate() }
    spots.initialize(repeating: 1, count: threads * 64)
    var repetitions = 100_000
    while true {
      let start = clockSeconds(clock)
      parallel(threads) { (_: Int, thread: Int) in
        _ = kernels.matrix.multiplyAddProbe(repetitions, spots + thread * 64)
      }
      let elapsed = clockSeconds(clock) - start
      if elapsed > seconds { return Double(threads * repetitions * 24 * kernels.matrix.lanes) / elapsed }
      repetitions *= 2
    }
  }

  /// What moves through memory, as in the STREAM benchmark (McCalpin 1995, *Memory bandwidth and machine balance in
  /// current high performance computers*).
  public enum MemoryPattern: CaseIterable, Sendable {
    /// a[i] = b[i], by the C library
    case copy
    /// a[i] = b[i] + s * c[i]
    case triad
  }

  /// Bytes a second over arrays far larger than the caches, reads and writes counted: the best of five.
  public func memoryRate(_ pattern: MemoryPattern = .triad, floats count: Int = 1 << 25) throws -> Double {
    let arrays = try (0..<3).map { _ in try scratch(floats: count) }
    for array in arrays { array.floats.initialize(repeating: 1, count: count) }
    let parts = Parts(count, unit: 16, smallest: 1 << 18, limit: count)
    let (a, b, c) = (arrays[0].floats, arrays[1].floats, arrays[2].floats)
    var best = Double.infinity
    for _ in 0..<5 {
      let start = clockSeconds()
      parallel(parts.count) { (part: Int) in
        let part = parts[part]
        switch pattern {
        case .copy: memcpy(a + part.lowerBound, b + part.lowerBound, part.count * 4)
        case .triad: for i in part { a[i] = b[i] + 3 * c[i] }
        }
      }
      best = min(best, clockSeconds() - start)
    }
    withExtendedLifetime(arrays) {}
    return Double(count * (pattern == .copy ? 8 : 12)) / best
  }
}

/// Seconds of a clock that never goes back.
private func clockSeconds(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
