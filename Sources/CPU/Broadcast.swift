import Glibc
import MartletCore

/// How the elements of a smaller array repeat over a larger one: the larger array's axes, those merged that behave
/// alike, outermost first, with the step in the smaller array (0 where it repeats).
struct Broadcast {
  private(set) var sizes: [Int] = []
  private(set) var strides: [Int] = []

  init(_ input: Shape, to output: Shape) {
    var stride = 1
    for fromEnd in 1...max(1, output.rank) where fromEnd <= output.rank {
      let size = output[-fromEnd]
      let own = fromEnd <= input.rank ? input[-fromEnd] : 1
      let step = own == 1 ? 0 : stride
      stride *= own
      if size == 1 { continue }
      if let inner = sizes.last, let innerStep = strides.last, step == innerStep * inner {
        sizes[sizes.count - 1] = inner * size
      } else {
        sizes.append(size)
        strides.append(step)
      }
    }
    if sizes.isEmpty {
      sizes = [1]
      strides = [0]
    }
    sizes.reverse()
    strides.reverse()
  }

  /// The number of elements after which everything repeats, where the smaller array is the last axes of the larger.
  var period: Int? { sizes.count == 2 && strides == [0, 1] ? sizes[1] : nil }

  /// Writes elements start ..< start + count of the larger array.
  func expand(
    _ source: UnsafePointer<UInt32>, from start: Int, count: Int, to target: UnsafeMutablePointer<UInt32>
  ) {
    let last = sizes.count - 1
    let run = sizes[last]
    var outer = start / run
    var within = start - outer * run
    var written = 0
    while written < count {
      var rest = outer
      var offset = 0
      for axis in (0..<last).reversed() {
        let quotient = rest / sizes[axis]
        offset += (rest - quotient * sizes[axis]) * strides[axis]
        rest = quotient
      }
      let length = min(run - within, count - written)
      let place = target + written
      if strides[last] == 0 {
        place.update(repeating: source[offset], count: length)
      } else {
        place.update(from: source + (offset + within), count: length)
      }
      written += length
      within = 0
      outer += 1
    }
  }
}
