import MartletCore

/// An array that is read piece by piece from where it lies: in host memory, or in that of a device.
package struct StoredArray {
  package let name: String
  package let shape: Shape
  package let dtype: DType
  private let read: (_ offset: Int, _ bytes: UnsafeMutableRawBufferPointer) throws -> Void

  package var byteCount: Int { shape.count * dtype.byteCount }

  /// - Parameter read: fills a buffer with the bytes from `offset` on.
  package init(
    name: String, shape: Shape, dtype: DType,
    read: @escaping (_ offset: Int, _ bytes: UnsafeMutableRawBufferPointer) throws -> Void
  ) {
    self.name = name
    self.shape = shape
    self.dtype = dtype
    self.read = read
  }

  package init(name: String, array: HostArray) {
    self.init(name: name, shape: array.shape, dtype: array.dtype) { offset, bytes in
      array.withUnsafeBytes { bytes.copyMemory(from: .init(rebasing: $0[offset..<offset + bytes.count])) }
    }
  }

  /// The same array under another name.
  package func named(_ name: String) -> StoredArray {
    StoredArray(name: name, shape: shape, dtype: dtype, read: read)
  }

  /// All of it.
  package func hostArray() throws -> HostArray {
    try HostArray(shape: shape, dtype: dtype) { if !$0.isEmpty { try read(0, $0) } }
  }

  /// Calls a closure with the bytes in order, at most 256 KiB of them at a time.
  package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let piece = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, min(256 << 10, byteCount)), alignment: 64)
    defer { piece.deallocate() }
    var offset = 0
    while offset < byteCount {
      let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, byteCount - offset)])
      try read(offset, part)
      try body(UnsafeRawBufferPointer(part))
      offset += part.count
    }
  }
}
