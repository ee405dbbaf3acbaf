import MartletCore

/// A primitive with its operands, and how close to the definition its results must be.
public struct Trial: Sendable, CustomStringConvertible {
  public let primitive: Primitive
  /// What tells it from the others of its kind.
  public let description: String
  public let outputs: [Output]
  /// The operands that are no arrays, which follow those that are.
  public let numbers: [Number]
  private let makeInputs: @Sendable () -> [HostArray]

  /// A result and its tolerance: |actual - expected| <= absolute + relative * |expected|.
  public struct Output: Sendable {
    public let shape: Shape
    public let dtype: DType
    public let relative: Double
    public let absolute: Double

    public init(_ shape: Shape, _ dtype: DType = .float32, relative: Double = 0, absolute: Double = 0) {
      (self.shape, self.dtype, self.relative, self.absolute) = (shape, dtype, relative, absolute)
    }
  }

  /// The arrays are made each time they are asked for.
  public init(
    _ primitive: Primitive, _ description: String,
    _ inputs: @escaping @Sendable @autoclosure () -> [HostArray],
    numbers: [Number] = [], outputs: [Output]
  ) {
    self.primitive = primitive
    self.description = description
    self.numbers = numbers
    self.outputs = outputs
    makeInputs = inputs
  }

  public var inputs: [HostArray] { makeInputs() }

  /// The results in Double.
  public var expected: [[Double]] {
    primitive.defined(inputs, numbers, outputs: outputs.map { ($0.shape, $0.dtype) })
  }
}

/// An operand by value.
public enum Number: Hashable, Sendable {
  case float(Float)
  case integer(Int32)

  public var operand: Operand {
    switch self {
    case .float(let value): .scalar(value)
    case .integer(let value): .scalar(value)
    }
  }

  var double: Double {
    switch self {
    case .float(let value): Double(value)
    case .integer(let value): Double(value)
    }
  }
}

/// Test data: multiples of 1/64 in [-1, 1), the same for the same seed.
public func noise(_ shape: Shape, seed: UInt64) -> HostArray {
  var generator = PhiloxGenerator(seed: seed)
  return HostArray((0..<shape.count).map { _ in Float(generator.word() >> 25) / 64 - 1 }, shape: shape)
}

extension HostArray {
  /// The elements, whatever their type.
  public var doubles: [Double] {
    switch dtype {
    case .float32: values(as: Float.self).map(Double.init)
    case .int32: values(as: Int32.self).map(Double.init)
    case .uint8: values(as: UInt8.self).map(Double.init)
    case .bool: values(as: Bool.self).map { $0 ? 1 : 0 }
    }
  }

  /// Every element through a function.
  func map(_ change: (Float) -> Float) -> HostArray {
    HostArray(values(as: Float.self).map(change), shape: shape)
  }
}
