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

  /// Bytes a second of a[i] = b[i] + s over arrays far larger than the caches, reads and writes counted.
  public func memoryRate(floats count: Int = 1 << 25) throws -> Double {
    let source = try scratch(floats: count)
    let target = try scratch(floats: count)
    source.floats.initialize(repeating: 1, count: count)
    target.floats.initialize(repeating: 1, count: count)
    let parts = Parts(count, unit: 16, smallest: 1 << 18, limit: count)
    let from = source.floats
    let to = target.floats
    var best = Double.infinity
    for _ in 0..<5 {
      let start = clockSeconds()
      parallel(parts.count) { (part: Int) in
        for i in parts[part] { to[i] = from[i] + 1 }
      }
      best = min(best, clockSeconds() - start)
    }
    withExtendedLifetime((source, target)) {}
    return Double(count * 8) / best
  }
}

/// Seconds of a clock that never goes back.
private func clockSeconds(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
