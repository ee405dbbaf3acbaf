/// The type of an array's elements.
@frozen
public enum DType: UInt8, Sendable, CaseIterable {
  case float32
  case int32
  case uint8
  case bool

  /// Bytes of one element.
  @inlinable
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .uint8, .bool: 1
    }
  }

  @inlinable public var isFloatingPoint: Bool { self == .float32 }

  /// The type in which arithmetic between the two happens: float32 over int32 over uint8 over bool.
  @inlinable
  public func promoted(with other: DType) -> DType { rawValue <= other.rawValue ? self : other }
}

extension DType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float32: "float32"
    case .int32: "int32"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }
}

/// A Swift type that is the element of an array.
public protocol Element: BitwiseCopyable, Sendable {
  static var dtype: DType { get }
}

extension Float: Element { public static var dtype: DType { .float32 } }
extension Int32: Element { public static var dtype: DType { .int32 } }
extension UInt8: Element { public static var dtype: DType { .uint8 } }
extension Bool: Element { public static var dtype: DType { .bool } }
