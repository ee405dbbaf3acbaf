import MartletCore
import MartletKernelTable

extension ResolvedEpilogue {
  /// The same for several pixels that are one: what channels have is repeated, into memory for three times as many
  /// numbers.
  func repeated(
    _ times: Int, channels: Int, in memory: UnsafeMutablePointer<Float>
  ) -> ResolvedEpilogue {
    var memory = memory
    func copy(_ values: UnsafePointer<Float>?) -> UnsafePointer<Float>? {
      guard let values else { return nil }
      let start = memory
      for _ in 0..<times {
        memory.update(from: values, count: channels)
        memory += channels
      }
      return UnsafePointer(start)
    }
    var repeated = self
    repeated.bias = copy(bias)
    repeated.scale = copy(scale)
    repeated.shift = copy(shift)
    return repeated
  }
}
