import MartletCore

extension ColorPicture {
  /// Writes a line of text, its top left corner at a place, as far as there is room. Letters are 5 points wide and 7
  /// high, two more below the line.
  ///
  /// - Parameter scale: the pixels of a point.
  public mutating func draw(
    _ text: String, top: Int, left: Int, color: Color = .black, scale: Int = 2
  ) {
    for (place, letter) in text.enumerated() where letter != " " {
      let corner = left + place * Lettering.advance * scale
      for row in 0..<Lettering.height {
        for column in 0..<Lettering.width where Lettering.isInked(letter, row: row, column: column) {
          let (y, x) = (top + row * scale, corner + column * scale)
          fill(rows: y..<y + scale, columns: x..<x + scale, with: color)
        }
      }
    }
  }

  /// The pixels that a line of text takes.
  static func width(of text: String, scale: Int) -> Int {
    max(0, text.count * Lettering.advance - 1) * scale
  }

  /// The beginning of a text that fits, with two points where something is left out.
  static func fitted(_ text: String, width: Int, scale: Int) -> String {
    let room = (width + scale) / (Lettering.advance * scale)
    guard text.count > room else { return text }
    return room < 3 ? String(text.prefix(max(0, room))) : text.prefix(room - 2) + ".."
  }

  /// The picture with lines of text below it on a ground of some colour, as far as they fit.
  public func captioned(_ lines: [String], color ground: Color, scale: Int = 2) -> ColorPicture {
    let (margin, lineHeight) = (2 * scale, Lettering.lineHeight * scale)
    var result = ColorPicture(height: height + margin + lines.count * lineHeight, width: width, fill: ground)
    result.draw(self, top: 0, left: 0)
    for (line, text) in lines.enumerated() {
      result.draw(
        Self.fitted(text, width: width - 2 * margin, scale: scale), top: height + margin + line * lineHeight,
        left: margin, color: ground.contrast, scale: scale)
    }
    return result
  }

  /// A line for each name, behind a square of its colour.
  public static func legend(_ entries: [(name: String, color: Color)], scale: Int = 2) -> ColorPicture {
    let (square, lineHeight) = (8 * scale, (Lettering.lineHeight + 1) * scale)
    let widest = entries.reduce(0) { max($0, width(of: $1.name, scale: scale)) }
    var result = ColorPicture(
      height: max(1, entries.count * lineHeight), width: square + 4 * scale + widest)
    for (line, entry) in entries.enumerated() {
      let top = line * lineHeight
      result.fill(rows: top..<top + square, columns: 0..<square, with: .frame)
      result.fill(rows: top + 1..<top + square - 1, columns: 1..<square - 1, with: entry.color)
      result.draw(entry.name, top: top + scale / 2, left: square + 4 * scale, color: .ink, scale: scale)
    }
    return result
  }
}
