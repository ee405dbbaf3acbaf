/// All axes but the batch in one.
public final class Flatten: Layer {
  public init() {}
  public func forward(_ x: Tensor) -> Tensor { x.flattened(from: 1) }
}

/// Another shape of the axes after the batch; one size may be -1.
public final class Reshape: Layer {
  public let targetShape: [Int]
  public init(_ targetShape: [Int]) { self.targetShape = targetShape }
  public func forward(_ x: Tensor) -> Tensor { x.reshaped([x.shape[0]] + targetShape) }
  public var description: String { ConstructorText("Reshape", targetShape).text }
}

/// The axes after the batch in another order, counted from 1 as in Keras.
public final class Permute: Layer {
  public let dims: [Int]
  public init(_ dims: [Int]) { self.dims = dims }
  public func forward(_ x: Tensor) -> Tensor { x.transposed([0] + dims) }
  public var description: String { ConstructorText("Permute", dims).text }
}

/// Zeros around height and width of (N, H, W, C).
public final class ZeroPadding2D: Layer {
  public let height: Padding.Sides
  public let width: Padding.Sides

  public init(height: Padding.Sides, width: Padding.Sides) {
    self.height = height
    self.width = width
  }
  public convenience init(_ padding: Int) {
    self.init(height: Padding.Sides(padding, padding), width: Padding.Sides(padding, padding))
  }

  public func forward(_ x: Tensor) -> Tensor {
    x.padded([Padding.Sides(0, 0), height, width, Padding.Sides(0, 0)])
  }
  public var description: String {
    ConstructorText("ZeroPadding2D").adding(height, width).text
  }
}

/// Height and width of (N, H, W, C) without their borders.
public final class Cropping2D: Layer {
  public let height: Padding.Sides
  public let width: Padding.Sides

  public init(height: Padding.Sides, width: Padding.Sides) {
    self.height = height
    self.width = width
  }

  public convenience init(_ cropping: Int) {
    self.init(height: Padding.Sides(cropping, cropping), width: Padding.Sides(cropping, cropping))
  }

  public func forward(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape[1] > height.before + height.after, x.shape[2] > width.before + width.after
    else {
      return x.failing(
        "cropping \(height.before)+\(height.after) rows and \(width.before)+\(width.after) columns leaves nothing "
          + "of \(x.shape)", file: #fileID, line: #line)
    }
    return x[
      .all, .range(height.before, x.shape[1] - height.after), .range(width.before, x.shape[2] - width.after)]
  }
  public var description: String {
    ConstructorText("Cropping2D").adding(height, width).text
  }
}

extension ConstructorText {
  /// What is added to, or taken from, height and width: one number where it is the same everywhere.
  fileprivate func adding(_ height: Padding.Sides, _ width: Padding.Sides) -> ConstructorText {
    if Set([height.before, height.after, width.before, width.after]).count == 1 {
      return adding(height.before)
    }
    return adding("height", ".init(\(height.before), \(height.after))")
      .adding("width", ".init(\(width.before), \(width.after))")
  }
}
