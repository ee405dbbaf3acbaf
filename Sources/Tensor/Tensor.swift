/// An array of numbers on a device: a value with a shape and an element type.
///
/// Operations outside a scope run at once. Inside a scope (`compute { }`, `valueWithGradients(of:)`) they are recorded,
/// planned and run together when the scope ends; what the closure returns leaves the scope.
///
/// ```swift
/// let a = Tensor([[1, 2], [3, 4]])
/// print(a * 2 + 1)              // [[3, 5], [7, 9]]
/// print(a.sum(axes: 0))         // [4, 6]
/// ```
public struct Tensor {
  enum Payload {
    /// A record of an open scope; index -1 stands for a result that could not be made.
    case traced(Trace, Int32)
    case stored(Storage)
    /// One number by value.
    case number(UInt32)
  }
  let payload: Payload
  public let shape: Shape
  public let dtype: DType

  init(_ payload: Payload, shape: Shape, dtype: DType) {
    self.payload = payload
    self.shape = shape
    self.dtype = dtype
  }

  package init(_ storage: Storage, shape: Shape, dtype: DType) {
    self.init(.stored(storage), shape: shape, dtype: dtype)
  }

  /// The number of axes.
  public var rank: Int { shape.rank }
  /// The number of elements.
  public var count: Int { shape.count }

  /// The device that holds the elements.
  public var device: any Device {
    switch payload {
    case .traced(let trace, _): trace.device
    case .stored(let storage): storage.device
    case .number: Context.current.device
    }
  }

  package var trace: Trace? {
    if case .traced(let trace, _) = payload { return trace }
    return nil
  }

  /// The memory of a tensor outside a scope; a number gets memory here.
  package var storage: Storage {
    switch payload {
    case .stored(let storage): return storage
    case .number(let word):
      return materialize(try Tensor.fill(Operand(scalar: word, dtype: dtype), shape: shape, dtype: dtype))
    case .traced(let trace, let index):
      do {
        return try trace.flush(index)
      } catch {
        fatalError("\(error)")
      }
    }
  }

  private func materialize(_ storage: @autoclosure () throws -> Storage) -> Storage {
    do {
      return try storage()
    } catch {
      fatalError("\(error)")
    }
  }

  private static func fill(_ value: Operand, shape: Shape, dtype: DType) throws -> Storage {
    let device = Context.current.device
    let storage = try Storage(on: device, shape: shape, dtype: dtype)
    try device.encode(.fill, inputs: [value], outputs: [storage.operand(shape: shape, dtype: dtype)])
    return storage
  }
}

// MARK: - From and to the host

extension Tensor {
  /// A copy of a host array on a device.
  public init(_ array: HostArray, device: (any Device)? = nil) throws {
    let storage = try Storage(array, on: device ?? Context.current.device)
    self.init(.stored(storage), shape: array.shape, dtype: array.dtype)
  }

  /// The given elements in row-major order.
  public init<T: Element>(_ elements: [T], shape: Shape) {
    do {
      try self.init(HostArray(elements, shape: shape))
    } catch {
      fatalError("\(error)")
    }
  }

  public init<T: Element>(_ elements: [T]) { self.init(elements, shape: [elements.count]) }

  /// A matrix of the given rows, which must be of one length.
  public init<T: Element>(_ rows: [[T]]) {
    let columns = rows.first?.count ?? 0
    precondition(
      rows.allSatisfy { $0.count == columns },
      "rows must be of one length; received lengths \(rows.map(\.count))")
    self.init(rows.flatMap { $0 }, shape: [rows.count, columns])
  }

  /// An array of matrices of one size.
  public init<T: Element>(_ matrices: [[[T]]]) {
    let rows = matrices.first?.count ?? 0
    let columns = matrices.first?.first?.count ?? 0
    precondition(
      matrices.allSatisfy { $0.count == rows && $0.allSatisfy { $0.count == columns } },
      "matrices must be of one size")
    self.init(matrices.flatMap { $0.flatMap { $0 } }, shape: [matrices.count, rows, columns])
  }

  public init(_ matrices: [[[Double]]]) { self.init(matrices.map { $0.map { $0.map(Float.init) } }) }
  public init(_ rows: [[Double]]) { self.init(rows.map { $0.map(Float.init) }) }
  public init(_ elements: [Double]) { self.init(elements.map(Float.init)) }

  /// One number.
  public init(_ number: Float) { self.init(.number(number.bitPattern), shape: [], dtype: .float32) }
  public init(_ number: Int32) {
    self.init(.number(UInt32(bitPattern: number)), shape: [], dtype: .int32)
  }

  /// The elements on the host. Inside a scope this runs what is recorded so far.
  ///
  /// - Throws: `DeviceError` where the device fails; `ShapeError` in a dry run, where nothing has a value.
  public func hostArray() throws -> HostArray {
    if case .traced(let trace, let index) = payload {
      return try trace.flush(index).download(shape: shape, dtype: dtype)
    }
    return try storage.download(shape: shape, dtype: dtype)
  }

  /// The elements in row-major order. The type must be the tensor's own.
  public func elements<T: Element>(as type: T.Type = T.self) throws -> [T] { try hostArray().values() }

  /// The only element, as a Float.
  public func item() throws -> Float {
    guard count == 1 else { throw ShapeError("item() needs one element; the tensor has \(count) (\(shape))") }
    let array = try hostArray()
    switch dtype {
    case .float32: return array.values(as: Float.self)[0]
    case .int32: return Float(array.values(as: Int32.self)[0])
    case .uint8: return Float(array.values(as: UInt8.self)[0])
    case .bool: return array.values(as: Bool.self)[0] ? 1 : 0
    }
  }

  /// A copy on another device.
  public func copied(to device: any Device) throws -> Tensor { try Tensor(hostArray(), device: device) }
}

extension Array where Element: MartletCore.Element {
  /// The elements of a tensor in row-major order.
  public init(_ tensor: Tensor) {
    do {
      self = try tensor.elements()
    } catch {
      fatalError("\(error)")
    }
  }
}

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self.init(Float(value)) }
  /// A float32 number, so that `x * 2` stays what it is; integer tensors take it as an integer.
  public init(integerLiteral value: Int) { self.init(Float(value)) }
}
