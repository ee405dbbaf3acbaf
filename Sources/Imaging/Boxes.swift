import MartletCore

/// A box in a picture with what is said to be in it. Coordinates are in pixels, the second corner lies just outside.
public struct LabelledBox: Sendable, Equatable {
  public var top: Float
  public var left: Float
  public var bottom: Float
  public var right: Float
  public var label: String
  public var color: ColorPicture.Color

  public init(
    top: Float, left: Float, bottom: Float, right: Float, label: String = "",
    color: ColorPicture.Color = .ofClass(1)
  ) {
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
    self.label = label
    self.color = color
  }
}

extension ColorPicture {
  /// Draws the frames of boxes, and then their labels, above each box or inside where there is no room.
  ///
  /// - Parameter scale: the pixels of a point of the letters, and of half a frame.
  public mutating func draw(_ boxes: [LabelledBox], scale: Int = 1) {
    for box in boxes { drawFrame(of: box, thickness: 2 * scale) }
    for box in boxes where !box.label.isEmpty { drawLabel(of: box, scale: scale) }
  }

  private mutating func drawFrame(of box: LabelledBox, thickness: Int) {
    let (rows, columns) = (rows(of: box), columns(of: box))
    for inset in 0..<thickness where inset < rows.count && inset < columns.count {
      for y in [rows.lowerBound + inset, rows.upperBound - 1 - inset] {
        fill(rows: y..<y + 1, columns: columns, with: box.color)
      }
      for x in [columns.lowerBound + inset, columns.upperBound - 1 - inset] {
        fill(rows: rows, columns: x..<x + 1, with: box.color)
      }
    }
  }

  private mutating func drawLabel(of box: LabelledBox, scale: Int) {
    let text = Self.fitted(box.label, width: width - 4 * scale, scale: scale)
    let tag = (
      height: Lettering.lineHeight * scale, width: Self.width(of: text, scale: scale) + 4 * scale
    )
    let (rows, columns) = (rows(of: box), columns(of: box))
    let top = rows.lowerBound >= tag.height ? rows.lowerBound - tag.height : max(0, rows.lowerBound)
    let left = max(0, min(columns.lowerBound, width - tag.width))
    fill(rows: top..<top + tag.height, columns: left..<left + tag.width, with: box.color)
    draw(text, top: top + scale, left: left + 2 * scale, color: box.color.contrast, scale: scale)
  }

  private func rows(of box: LabelledBox) -> Range<Int> { pixels(box.top, box.bottom, of: height) }
  private func columns(of box: LabelledBox) -> Range<Int> { pixels(box.left, box.right, of: width) }

  /// At least one pixel of those there are; boxes may reach beyond the picture, or be no numbers.
  private func pixels(_ from: Float, _ to: Float, of size: Int) -> Range<Int> {
    func place(_ value: Float) -> Int {
      value.isNaN ? 0 : Int(max(0, min(Float(size), value)).rounded())
    }
    let first = min(place(from), size - 1)
    return first..<max(first + 1, place(to))
  }
}
