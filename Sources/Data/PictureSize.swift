import MartletCore

/// Height and width of pictures, written `HEIGHTxWIDTH`, or as one number where they are the same.
public struct PictureSize: Sendable, Hashable, CustomStringConvertible {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    (self.height, self.width) = (height, width)
  }

  /// - Throws: `ShapeError` for other texts, and sizes that no picture has.
  public init(_ text: String) throws {
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(numbers.count), numbers.allSatisfy({ (1...1 << 16).contains($0 ?? 0) }) else {
      throw ShapeError(
        "a size of pictures is written HEIGHTxWIDTH, as in 96x128, or 96 for 96x96, each 1 to 65536; received "
          + text)
    }
    self.init(height: numbers[0]!, width: numbers.last!!)
  }

  public var description: String { "\(height)x\(width)" }
}
