import MartletCore

/// A primitive that is measured, with operands that are made when its turn comes.
struct Row {
  var name: String
  /// Floating-point operations; 0 for what is only moved.
  var operations = 0.0
  /// Bytes that must be read and written once at least.
  var bytes = 0
  var workload: (any Device) throws -> Workload
}

extension Operand {
  /// An array with numbers between 0 and 1.
  static func array(_ device: any Device, _ shape: Shape, _ dtype: DType = .float32) throws -> Operand {
    let operand = Operand(try device.allocate(byteCount: shape.count * 4), shape: shape, dtype: dtype)
    try device.encode(
      .random(.uniform), inputs: [.scalar(3 as Int32), .scalar(4 as Int32)], outputs: [operand])
    return operand
  }
}
