import Synchronization

/// A device with another one behind it: what the first has no way to run, the second does, on copies of the operands.
/// Results are those that either gives alone.
public final class FallbackDevice: Device {
  public let primary: any Device
  public let secondary: any Device
  private let named = Mutex<[String]>([])
  private let report: @Sendable (String) -> Void

  /// - Parameter report: gets one line for each kind of primitive that the second device ran, the first time.
  public init(
    _ primary: any Device, secondary: any Device, report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.primary = primary
    self.secondary = secondary
    self.report = report
  }

  public var name: String { primary.name }
  public var summary: String { primary.summary }
  public var memory: MemoryStatistics { primary.memory }
  public var arenas: Arenas { primary.arenas }
  public var quarantined: Set<String> { primary.quarantined }

  /// The kinds of primitives that the second device ran.
  public var fallbacks: [String] { named.withLock { $0 } }

  public func allocate(byteCount: Int) throws -> any DeviceBuffer {
    try primary.allocate(byteCount: byteCount)
  }

  public func upload(_ bytes: UnsafeRawBufferPointer, to buffer: any DeviceBuffer, at byteOffset: Int) throws
  {
    try primary.upload(bytes, to: buffer, at: byteOffset)
  }

  public func download(
    _ buffer: any DeviceBuffer, at byteOffset: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    try primary.download(buffer, at: byteOffset, into: bytes)
  }

  public func canRun(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) -> Bool {
    primary.canRun(primitive, inputs: inputs, outputs: outputs)
      || secondary.canRun(primitive, inputs: inputs, outputs: outputs)
  }

  public func encode(_ primitive: Primitive, inputs: [Operand], outputs: [Operand]) throws {
    if primary.canRun(primitive, inputs: inputs, outputs: outputs) {
      return try primary.encode(primitive, inputs: inputs, outputs: outputs)
    }
    note(primitive)
    let copies = try inputs.map { $0.isScalar ? $0 : try copy(of: $0) }
    let results = try outputs.map { output in
      Operand(
        try secondary.allocate(byteCount: output.byteCount), shape: output.shape, dtype: output.dtype)
    }
    try secondary.encode(primitive, inputs: copies, outputs: results)
    for (result, output) in zip(results, outputs) {
      try move(result, on: secondary, to: output, on: primary)
    }
  }

  public func synchronize() throws {
    try primary.synchronize()
    try secondary.synchronize()
  }

  public func trim() {
    primary.trim()
    secondary.trim()
  }

  private func note(_ primitive: Primitive) {
    let kind = primitive.kind
    let isNew = named.withLock { known in
      if known.contains(kind) { return false }
      known.append(kind)
      return true
    }
    guard isNew else { return }
    report(
      primary.quarantined.contains(kind)
        ? "\(primary.name): `martlet doctor` found its \(kind) wrong; \(secondary.name) runs it"
        : "\(primary.name) does not run this \(kind); \(secondary.name) does")
  }

  private func copy(of operand: Operand) throws -> Operand {
    let buffer = try secondary.allocate(byteCount: operand.byteCount)
    let copy = Operand(buffer, shape: operand.shape, dtype: operand.dtype)
    try move(operand, on: primary, to: copy, on: secondary)
    return copy
  }

  private func move(
    _ source: Operand, on device: any Device, to target: Operand, on other: any Device
  ) throws {
    guard let from = source.buffer, let to = target.buffer, source.byteCount > 0 else { return }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: source.byteCount, alignment: 64)
    defer { bytes.deallocate() }
    try device.download(from, at: source.byteOffset, into: bytes)
    try other.upload(UnsafeRawBufferPointer(bytes), to: to, at: target.byteOffset)
  }
}

extension Operand {
  fileprivate var byteCount: Int { shape.count * dtype.byteCount }
}
