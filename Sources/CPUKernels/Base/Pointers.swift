/// Lines of twelve pointers, one line for each of up to 64 taps:
///
///     rows[12 * tap + m] = bit `tap` of masks[m] ? bases[m] + steps[tap] : zeros
///
/// A tap whose bit is missing lies outside the array. Addresses are numbers here, because vectors hold numbers.
func fillPointers(
  _ bases: UnsafePointer<UInt>, _ masks: UnsafePointer<UInt64>, _ steps: UnsafePointer<Int>, _ taps: Int,
  _ zeros: Floats, _ rows: UnsafeMutablePointer<UInt>
) {
  typealias Four = SIMD4<UInt64>
  let base = UnsafeRawPointer(bases)
  let mask = UnsafeRawPointer(masks)
  let zero = Four(repeating: UInt64(UInt(bitPattern: zeros)))
  var out = UnsafeMutableRawPointer(rows)
  for tap in 0..<taps {
    let bit = Four(repeating: 1 &<< UInt64(truncatingIfNeeded: tap))
    let step = Four(repeating: UInt64(bitPattern: Int64(steps[tap] &* 4)))
    for part in 0..<3 {
      let at = part &* 32
      let present = (mask.loadUnaligned(fromByteOffset: at, as: Four.self) & bit) .!= Four.zero
      let address = base.loadUnaligned(fromByteOffset: at, as: Four.self) &+ step
      out.storeBytes(of: zero.replacing(with: address, where: present), toByteOffset: at, as: Four.self)
    }
    out += 96
  }
}
