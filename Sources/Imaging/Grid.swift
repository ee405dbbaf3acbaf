import MartletCore

extension ColorPicture {
  /// Pictures in rows, with a gap between them, each in the middle of its place.
  ///
  /// - Parameters:
  ///   - columns: as many as make a square where nothing is said.
  ///   - labels: what stands below each picture.
  public static func grid(
    _ pictures: [ColorPicture], columns: Int? = nil, gap: Int = 2, labels: [String]? = nil,
    ground: Color = .white
  ) -> ColorPicture {
    precondition(!pictures.isEmpty, "a grid has at least one picture")
    if let labels {
      precondition(
        labels.count == pictures.count, "\(pictures.count) pictures have \(labels.count) labels")
      let labelled = zip(pictures, labels).map { $0.captioned([$1], color: ground) }
      return grid(labelled, columns: columns, gap: gap, ground: ground)
    }
    let columns = columns ?? Int(Double(pictures.count).squareRoot().rounded(.up))
    let rows = (pictures.count + columns - 1) / columns
    let (height, width) = (pictures.map(\.height).max()!, pictures.map(\.width).max()!)
    var result = ColorPicture(
      height: rows * (height + gap) - gap, width: columns * (width + gap) - gap, fill: ground)
    for (index, picture) in pictures.enumerated() {
      result.draw(
        picture, top: index / columns * (height + gap) + (height - picture.height) / 2,
        left: index % columns * (width + gap) + (width - picture.width) / 2)
    }
    return result
  }

  /// Pictures in a row, their upper edges in line.
  public static func beside(
    _ pictures: [ColorPicture], gap: Int = 2, ground: Color = .white
  ) -> ColorPicture {
    precondition(!pictures.isEmpty, "a row has at least one picture")
    var result = ColorPicture(
      height: pictures.map(\.height).max()!,
      width: pictures.reduce(-gap) { $0 + $1.width + gap }, fill: ground)
    var left = 0
    for picture in pictures {
      result.draw(picture, top: 0, left: left)
      left += picture.width + gap
    }
    return result
  }

  /// The picture on a larger ground.
  public func framed(by margin: Int, ground: Color = .white) -> ColorPicture {
    var result = ColorPicture(height: height + 2 * margin, width: width + 2 * margin, fill: ground)
    result.draw(self, top: margin, left: margin)
    return result
  }
}
