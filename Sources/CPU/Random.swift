import Glibc
import MartletCore

extension CPUDevice {
  func fill(inputs: [Operand], outputs: [Operand]) throws {
    let y = outputs[0]
    let count = y.shape.count
    guard count > 0 else { return }
    let isInteger = y.dtype != .float32 && inputs[0].dtype != .float32
    var word = word(of: inputs[0], isInteger: isInteger)
    // One element in the output's type, then copies of it.
    withUnsafeMutableBytes(of: &word) { bytes in
      if let bytes = bytes.baseAddress { store(bytes, to: y, at: 0, count: 1, isInteger: isInteger) }
    }
    let group = 8 * elementsPerJob
    parallel((count + group - 1) / group) { job in
      let first = job * group
      let length = min(group, count - first)
      if y.dtype.byteCount == 4 {
        let start = y.raw.assumingMemoryBound(to: UInt32.self)
        let element = start[0]
        // The first element stays as it is while other jobs read it.
        let skip = first == 0 ? 1 : 0
        (start + (first + skip)).update(repeating: element, count: length - skip)
      } else {
        let start = y.raw.assumingMemoryBound(to: UInt8.self)
        let skip = first == 0 ? 1 : 0
        memset(start + (first + skip), Int32(start[0]), length - skip)
      }
    }
  }

  /// Element i comes from word i % 4 of block i / 4, so any part can be made by itself.
  func random(_ distribution: Distribution, inputs: [Operand], outputs: [Operand]) throws {
    let low = word(of: inputs[0], isInteger: true)
    let high = word(of: inputs[1], isInteger: true)
    let key = UInt64(low) | UInt64(high) << 32
    let y = outputs[0].floats
    let count = outputs[0].shape.count
    let group = elementsPerJob / 2
    parallel((count + group - 1) / group) { job in
      let first = job * group
      let length = min(group, count - first)
      let whole = length / 32 * 32
      let block = UInt64(first / 4)
      kernels.elements.randomBlocks(distribution.rawValue, key, block, y + first, whole / 4)
      guard whole < length else { return }
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 48) { memory in
        guard let numbers = memory.baseAddress else { return }
        kernels.elements.randomBlocks(distribution.rawValue, key, block + UInt64(whole / 4), numbers, 8)
        (y + (first + whole)).update(from: numbers, count: length - whole)
      }
    }
  }
}
