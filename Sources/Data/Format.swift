import MartletCore

/// Bytes that are not what their format demands. The message says what was expected, what was found and where.
public struct FormatError: Error, Equatable, CustomStringConvertible {
  /// The file, where the bytes come from one.
  public var path: String?
  public var message: String

  public init(_ message: String, path: FilePath? = nil) {
    self.path = path?.string
    self.message = message
  }

  /// The way out where a file was whole once.
  package static let again = "copy or download it again"

  public var description: String { (path.map { "\($0): " } ?? "") + message }

  /// Runs a decoder, and gives the error that it throws the file's name.
  package static func naming<R>(_ path: FilePath?, _ body: () throws -> R) throws -> R {
    do { return try body() } catch var error as FormatError {
      error.path = error.path ?? path?.string
      throw error
    }
  }
}

extension Shape {
  /// The shape of an array in a file, whose header is not to be trusted: sizes that a shape cannot have, or whose
  /// product is beyond reason, are errors instead of traps.
  package init(checking sizes: [Int], of what: String) throws {
    let text = sizes.map(String.init).joined(separator: "x")
    guard sizes.count <= Shape.maximumRank else {
      throw FormatError(
        "\(what) has \(sizes.count) axes (\(text)); an array has at most \(Shape.maximumRank)")
    }
    guard sizes.allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
      throw FormatError("\(what) has the sizes \(text); each must lie in 0...\(Int32.max)")
    }
    // Zeros make the product zero in any order, so the others are multiplied to see that no order overflows.
    guard Self.product(sizes.filter { $0 > 0 }).map({ $0 <= 1 << 48 }) == true else {
      throw FormatError("\(what) has the sizes \(text), which no memory holds; \(FormatError.again)")
    }
    self.init(sizes)
  }

  /// The product of sizes, or nil where it overflows.
  static func product(_ sizes: [Int]) -> Int? {
    var product = 1
    for size in sizes {
      let (result, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      product = result
    }
    return product
  }
}

extension HostArray {
  /// Throws where a truth value is stored as anything but 0 or 1, which Swift's `Bool` cannot hold.
  func checkingTruthValues(of what: String) throws -> HostArray {
    guard dtype == .bool else { return self }
    let found: (index: Int, byte: UInt8)? = withUnsafeBytes { bytes in
      bytes.firstIndex { $0 > 1 }.map { ($0, bytes[$0]) }
    }
    if let found {
      throw FormatError("\(what) has the byte \(found.byte) as truth value \(found.index); it must be 0 or 1")
    }
    return self
  }
}
