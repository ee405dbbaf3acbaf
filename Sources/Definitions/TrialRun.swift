import MartletCore

extension Trial {
  /// How far results are from the definition.
  public struct Finding: Sendable {
    /// The largest error, in units of what is allowed.
    public var error: Double
    /// The first element that is too far off; nil where none is.
    public var complaint: String?

    public init(error: Double = 0, complaint: String? = nil) {
      (self.error, self.complaint) = (error, complaint)
    }
  }

  /// The operands on a device, outputs between margins of a few bytes. Every byte is that of NaN before, so an element
  /// that is never written shows.
  public struct Prepared {
    fileprivate let operands: [Operand]
    fileprivate let results: [Operand]
  }

  private static let margin = 64
  private static let poison: UInt8 = 0xFF

  public func prepare(on device: any Device) throws -> Prepared {
    let operands = try inputs.map { array -> Operand in
      let buffer = try device.allocate(byteCount: array.bytes.count)
      try array.withUnsafeBytes { try device.upload($0, to: buffer, at: 0) }
      return Operand(buffer, shape: array.shape, dtype: array.dtype)
    }
    let results = try outputs.map { output -> Operand in
      let count = output.shape.count * output.dtype.byteCount + 2 * Self.margin
      let buffer = try device.allocate(byteCount: count)
      try [UInt8](repeating: Self.poison, count: count).withUnsafeBytes {
        try device.upload($0, to: buffer, at: 0)
      }
      return Operand(buffer, byteOffset: Self.margin, shape: output.shape, dtype: output.dtype)
    }
    return Prepared(operands: operands + numbers.map(\.operand), results: results)
  }

  /// Runs it once, and waits for its end.
  public func run(_ prepared: Prepared, on device: any Device) throws {
    try device.encode(primitive, inputs: prepared.operands, outputs: prepared.results)
    try device.synchronize()
  }

  /// Runs it, and brings back the results.
  ///
  /// - Throws: what the device throws, and `DeviceError` where something is written beside a result.
  public func results(on device: any Device) throws -> [HostArray] {
    let prepared = try prepare(on: device)
    try run(prepared, on: device)
    return try prepared.results.map { result in
      let count = result.shape.count * result.dtype.byteCount
      var bytes = [UInt8](repeating: 0, count: count + 2 * Self.margin)
      try bytes.withUnsafeMutableBytes { try device.download(result.buffer!, at: 0, into: $0) }
      let margins = bytes.prefix(Self.margin) + bytes.suffix(Self.margin)
      guard margins.allSatisfy({ $0 == Self.poison }) else {
        throw DeviceError("something is written beside the result", device: device.name)
      }
      return HostArray(
        shape: result.shape, dtype: result.dtype, bytes: Array(bytes[Self.margin..<Self.margin + count]))
    }
  }

  /// Runs it and compares.
  ///
  /// - Parameter expected: what `expected` gives, for callers that ask several devices.
  public func examine(_ device: any Device, expected: [[Double]]) throws -> Finding {
    try compare(results(on: device), expected)
  }

  /// NaN must be NaN, and what is beyond float32 infinite.
  public func compare(_ actual: [HostArray], _ expected: [[Double]]) -> Finding {
    var finding = Finding()
    for (index, output) in outputs.enumerated() {
      for (place, (value, wanted)) in zip(actual[index].doubles, expected[index]).enumerated() {
        let error = output.error(value, wanted)
        finding.error = max(finding.error, error)
        if error > 1, finding.complaint == nil {
          let name = outputs.count > 1 ? "result \(index), " : ""
          finding.complaint = "\(name)element \(place): \(value) instead of \(wanted)"
        }
      }
    }
    return finding
  }
}

extension Trial.Output {
  /// The distance of two numbers in units of what is allowed, infinite where nothing is.
  public func error(_ value: Double, _ wanted: Double) -> Double {
    if value == wanted || value.isNaN && wanted.isNaN { return 0 }
    if dtype == .float32, !Float(wanted).isFinite {
      return value == Double(Float(wanted)) ? 0 : .infinity
    }
    let allowed = absolute + relative * wanted.magnitude
    let difference = (value - wanted).magnitude
    return difference.isFinite && allowed > 0 ? difference / allowed : .infinity
  }
}
