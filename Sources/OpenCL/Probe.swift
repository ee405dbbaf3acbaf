import COpenCL
import MartletCore

extension OpenCLDevice {
  /// Floating-point operations a second when all items do nothing but multiply-adds in registers: the peak that kernels
  /// are measured against; the best of some milliseconds, looked for in so many seconds.
  ///
  /// - Throws: `DeviceError` where the device computes wrong, too.
  public func multiplyAddRate(seconds: Double = 0.2) throws -> Double {
    let chains = 12
    let vector = hardware.nativeVector
    let items = hardware.computeUnits * (hardware.isGPU ? 2048 : 64)
    let y = try Operand(allocate(byteCount: items * vector * 4), shape: [items * vector])
    func time(_ turns: Int) throws -> Double {
      try self.time {
        try $0.run(
          "multiplyAdds", of: "probe", macros: ["VW=\(vector)", "CHAINS=\(chains)"],
          [.array(y), .int(turns), .word(Float(0.5).bitPattern), .word(Float(1).bitPattern)], items: items)
      }
    }
    let end = ContinuousClock.now + .seconds(seconds)
    var turns = 32
    _ = try time(turns)
    var best = try time(turns)
    while ContinuousClock.now < end {
      if best < 0.001 && turns < 1 << 28 {
        turns *= 2
        best = try time(turns)
      } else {
        best = min(best, try time(turns))
      }
    }
    // x / 2 + 1 comes to 2, from wherever it starts.
    try expect(2 * Float(chains), everywhereIn: y)
    return Double(2 * items * vector * chains * turns) / best
  }

  /// Bytes a second, reads and writes counted, of a[i] = b[i] + s * c[i] over arrays far larger than the caches: the best
  /// of ten.
  ///
  /// - Throws: `DeviceError` where the device computes wrong, too.
  public func memoryRate(floats: Int? = nil) throws -> Double {
    let vector = hardware.nativeVector
    let most = min(hardware.isGPU ? 1 << 26 : 1 << 25, hardware.largestBuffer / 4, hardware.memory / 64)
    let items = max(1, (floats ?? most) / (vector * 64)) * 64
    let shape: Shape = [items * vector]
    let arrays = try (0..<3).map { _ in try Operand(allocate(byteCount: shape.count * 4), shape: shape) }
    for (array, number) in zip(arrays, [1, 2, 0] as [Float]) {
      try encode(.fill, inputs: [.scalar(number)], outputs: [array])
    }
    let best = try (0..<10).map { _ in
      try time {
        try $0.run(
          "triad", of: "probe", macros: ["VW=\(vector)", "CHAINS=1"],
          arrays.map { .array($0) } + [.word(Float(3).bitPattern)], items: items)
      }
    }.min()!
    try expect(7, everywhereIn: arrays[2])
    return Double(12 * shape.count) / best
  }

  /// Which way bytes go.
  public enum Transfer: CaseIterable, Sendable { case upload, download }

  /// Bytes a second between the host and the device, the best of five; nil where the driver gives no pinned memory.
  ///
  /// - Parameter isPinned: whether the host's memory is one that the device reaches by itself.
  public func transferRate(_ way: Transfer, isPinned: Bool, byteCount: Int = 64 << 20) throws -> Double? {
    let buffer = try pool.allocate(byteCount: byteCount)
    let pinned = isPinned ? PinnedMemory(queue, byteCount: byteCount) : nil
    if isPinned && pinned == nil { return nil }
    let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: isPinned ? 0 : byteCount, alignment: 4096)
    defer { plain.deallocate() }
    let host = pinned?.bytes ?? plain
    host.initializeMemory(as: UInt8.self, repeating: 1)
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<5 {
      let elapsed = try clock.measure {
        switch way {
        case .upload: try queue.write(UnsafeRawBufferPointer(host), to: buffer.memory, at: 0)
        case .download: try queue.read(buffer.memory, at: 0, into: host)
        }
      }
      best = min(best, elapsed / .seconds(1))
    }
    return withExtendedLifetime(pinned) { Double(byteCount) / best }
  }

  /// Seconds that commands take; four times over, since waiting for them costs some as well.
  private func time(_ commands: (Encoder) throws -> Void) throws -> Double {
    let elapsed = try ContinuousClock().measure {
      try encoding { encoder in for _ in 0..<4 { try commands(encoder) } }
      try synchronize()
    }
    return elapsed / .seconds(1) / 4
  }

  private func expect(_ number: Float, everywhereIn array: Operand) throws {
    let values = try [Float](unsafeUninitializedCapacity: array.shape.count) { values, count in
      try download(array.buffer!, at: 0, into: UnsafeMutableRawBufferPointer(values))
      count = array.shape.count
    }
    if let wrong = values.first(where: { $0 != number }) {
      throw DeviceError("a probe gives \(wrong) instead of \(number)", device: name)
    }
  }
}
