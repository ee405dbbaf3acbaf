@_exported import MartletCore

/// An array in a device's memory that is referred to by tensors; its buffer goes back to the pool with the last one.
package final class Storage: @unchecked Sendable {
  package let device: any Device
  package let buffer: any DeviceBuffer
  package let byteOffset: Int
  package let byteCount: Int

  package init(device: any Device, buffer: any DeviceBuffer, byteOffset: Int = 0, byteCount: Int) {
    self.device = device
    self.buffer = buffer
    self.byteOffset = byteOffset
    self.byteCount = byteCount
  }

  /// New memory for an array.
  package convenience init(on device: any Device, shape: Shape, dtype: DType) throws {
    let byteCount = shape.count * dtype.byteCount
    self.init(device: device, buffer: try device.allocate(byteCount: byteCount), byteCount: byteCount)
  }

  /// A copy of a host array on the device.
  package convenience init(_ array: HostArray, on device: any Device) throws {
    try self.init(on: device, shape: array.shape, dtype: array.dtype)
    try array.withUnsafeBytes { try device.upload($0, to: buffer, at: 0) }
  }

  /// A part of this memory, counted in bytes from its beginning.
  package func slice(_ bytes: Range<Int>) -> Storage {
    Storage(device: device, buffer: buffer, byteOffset: byteOffset + bytes.lowerBound, byteCount: bytes.count)
  }

  package func operand(shape: Shape, dtype: DType) -> Operand {
    Operand(buffer, byteOffset: byteOffset, shape: shape, dtype: dtype)
  }

  package func download(shape: Shape, dtype: DType) throws -> HostArray {
    try HostArray(shape: shape, dtype: dtype) { try device.download(buffer, at: byteOffset, into: $0) }
  }

  /// The same elements in memory of their own.
  package func copy() throws -> Storage {
    let copy = try Storage(on: device, shape: [byteCount], dtype: .uint8)
    try self.copy(to: copy)
    return copy
  }

  /// Copies the elements into other memory of the same device, in order with the primitives around it.
  func copy(to other: Storage) throws {
    let whole = StridedCopy([
      StridedCopy.Piece(shape: [byteCount], inputStrides: [1], outputStrides: [1])
    ])
    try device.encode(
      .copy(whole), inputs: [operand(shape: [byteCount], dtype: .uint8), Operand.scalar(Int32(0))],
      outputs: [other.operand(shape: [byteCount], dtype: .uint8)])
  }
}
