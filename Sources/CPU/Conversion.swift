import Glibc
import MartletCore

extension CPUDevice {
  /// Elements of any type as float32, or as int32.
  func convert(
    _ source: Operand, at start: Int, count: Int, to target: UnsafeMutableRawPointer, isInteger: Bool
  ) {
    let bytes = source.raw + start * source.dtype.byteCount
    let floats = target.assumingMemoryBound(to: Float.self)
    let integers = target.assumingMemoryBound(to: Int32.self)
    switch source.dtype {
    case .float32:
      if isInteger {
        kernels.elements.integersFromFloats(bytes.assumingMemoryBound(to: Float.self), integers, count)
      } else {
        memcpy(target, bytes, count * 4)
      }
    case .int32:
      if isInteger {
        memcpy(target, bytes, count * 4)
      } else {
        kernels.elements.floatsFromIntegers(bytes.assumingMemoryBound(to: Int32.self), floats, count)
      }
    case .uint8, .bool:
      let bytes = bytes.assumingMemoryBound(to: UInt8.self)
      if isInteger {
        kernels.elements.integersFromBytes(bytes, integers, count)
      } else {
        kernels.elements.floatsFromBytes(bytes, floats, count)
      }
    }
  }

  /// Numbers in float32, or in int32, as the elements of an array from `start` on. Whole numbers come by truncation
  /// toward zero and stop at the ends of their range; truth is being other than zero.
  func store(
    _ source: UnsafeMutableRawPointer, to target: Operand, at start: Int, count: Int, isInteger: Bool
  ) {
    let bytes = target.raw + start * target.dtype.byteCount
    let floats = source.assumingMemoryBound(to: Float.self)
    let integers = source.assumingMemoryBound(to: Int32.self)
    let elements = kernels.elements
    switch target.dtype {
    case .float32:
      if isInteger {
        elements.floatsFromIntegers(integers, bytes.assumingMemoryBound(to: Float.self), count)
      } else {
        memmove(bytes, source, count * 4)
      }
    case .int32:
      if isInteger {
        memmove(bytes, source, count * 4)
      } else {
        elements.integersFromFloats(floats, bytes.assumingMemoryBound(to: Int32.self), count)
      }
    case .uint8:
      let bytes = bytes.assumingMemoryBound(to: UInt8.self)
      if isInteger {
        elements.bytesFromIntegers(integers, bytes, count)
      } else {
        elements.bytesFromFloats(floats, bytes, count)
      }
    case .bool:
      let bytes = bytes.assumingMemoryBound(to: UInt8.self)
      if isInteger {
        elements.truthsFromIntegers(integers, bytes, count)
      } else {
        elements.truthsFromFloats(floats, bytes, count)
      }
    }
  }

  /// The bits of the first element of an array, or of a scalar, as a float32 or int32.
  func word(of operand: Operand, isInteger: Bool) -> UInt32 {
    if operand.isScalar {
      switch (operand.dtype, isInteger) {
      case (.float32, true):
        let value = Float(bitPattern: operand.word)
        return UInt32(
          bitPattern: Int32(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : value > 0 ? .max : 0))
      case (.float32, false), (_, true): return operand.word
      case (_, false): return Float(Int32(bitPattern: operand.word)).bitPattern
      }
    }
    var word: UInt32 = 0
    withUnsafeMutableBytes(of: &word) { bytes in
      if let target = bytes.baseAddress {
        convert(operand, at: 0, count: 1, to: target, isInteger: isInteger)
      }
    }
    return word
  }
}
