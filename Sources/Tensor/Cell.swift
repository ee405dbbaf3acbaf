/// A mutable place for one array: what parameters and states are made of. Inside a scope a read sees the scope's own
/// assignments, which are committed when the scope ends well.
package final class Cell {
  package let shape: Shape
  package let dtype: DType
  /// Free of the checks for overlapping access, because every step reads and replaces hundreds of them.
  @exclusivity(unchecked) package var storage: Storage
  /// Whether the value stays in the memory it has, as in a model's arena, instead of moving to that of a new one.
  private let isPinned: Bool

  package init(shape: Shape, dtype: DType, storage: Storage, isPinned: Bool = false) {
    self.shape = shape
    self.dtype = dtype
    self.storage = storage
    self.isPinned = isPinned
  }

  /// Takes over the value that a scope assigned, at its end.
  func commit(_ value: Storage) throws {
    if isPinned { try value.copy(to: storage) } else { storage = value }
  }

  /// The value: in an open scope the traced one, elsewhere a copy that later changes do not touch.
  package func read() -> Tensor {
    if let trace = Context.trace { return trace.read(self) }
    do {
      return Tensor(.stored(try storage.copy()), shape: shape, dtype: dtype)
    } catch {
      fatalError("\(error)")
    }
  }

  package func assign(_ tensor: Tensor) {
    if tensor.isFailed { return }
    guard tensor.shape == shape && tensor.dtype == dtype else {
      _ = Tensor.fail(
        "a value of \(tensor.shape) \(tensor.dtype) cannot be assigned where \(shape) \(dtype) is held",
        [tensor],
        site: .unknown)
      return
    }
    if let trace = Context.trace {
      trace.assign(tensor, to: self)
    } else {
      storage = tensor.storage
    }
  }

  /// Copies elements into the memory that the cell has, at once.
  package func overwrite(with tensor: Tensor) throws {
    precondition(
      tensor.shape == shape && tensor.dtype == dtype,
      "a value of \(tensor.shape) \(tensor.dtype) cannot be assigned where \(shape) \(dtype) is held")
    try tensor.hostArray().withUnsafeBytes {
      try storage.device.upload($0, to: storage.buffer, at: storage.byteOffset)
    }
  }
}
