/// An array in host memory: shape, element type and bytes in row-major order. Sendable, unlike a tensor.
public struct HostArray: Sendable, Equatable {
  public let shape: Shape
  public let dtype: DType
  public private(set) var bytes: [UInt8]

  /// Takes over bytes that hold exactly the elements of the shape.
  public init(shape: Shape, dtype: DType, bytes: [UInt8]) {
    precondition(
      bytes.count == shape.count * dtype.byteCount,
      "an array of \(shape) \(dtype) has \(shape.count * dtype.byteCount) bytes; received \(bytes.count)")
    self.shape = shape
    self.dtype = dtype
    self.bytes = bytes
  }

  /// Lets a closure write the bytes of a new array; they are undefined before.
  public init(
    shape: Shape, dtype: DType, initializingWith body: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    let count = shape.count * dtype.byteCount
    self.shape = shape
    self.dtype = dtype
    bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      try body(UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  /// An array of the given values in row-major order.
  public init<T: Element>(_ values: [T], shape: Shape) {
    precondition(
      values.count == shape.count, "\(shape) holds \(shape.count) elements; received \(values.count)")
    self.init(shape: shape, dtype: T.dtype) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  public init<T: Element>(_ values: [T]) { self.init(values, shape: [values.count]) }

  /// The elements in row-major order. The element type must be the array's own.
  public func values<T: Element>(as type: T.Type = T.self) -> [T] {
    precondition(T.dtype == dtype, "the array holds \(dtype), not \(T.dtype)")
    return [T](unsafeUninitializedCapacity: shape.count) { buffer, initialized in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initialized = shape.count
    }
  }

  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try bytes.withUnsafeBytes(body)
  }

  public mutating func withUnsafeMutableBytes<R>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    try bytes.withUnsafeMutableBytes(body)
  }

  /// The same bytes under another shape of as many elements.
  public func reshaped(_ shape: Shape) -> HostArray { HostArray(shape: shape, dtype: dtype, bytes: bytes) }
}
