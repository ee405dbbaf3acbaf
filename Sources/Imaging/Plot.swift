import MartletCore

/// Curves in one picture, in panels beside each other.
///
/// ```swift
/// let plot = Plot([.init(title: "loss", curves: [.init("train", points, color: .ofClass(5))], horizontal: "epoch")])
/// try Picture.write(plot.picture().hostArray, to: "loss.png")
/// ```
public struct Plot: Sendable {
  public struct Curve: Sendable {
    public var name: String
    /// Points that are not finite are left out, and the curve is interrupted there.
    public var points: [(x: Double, y: Double)]
    public var color: ColorPicture.Color

    public init(_ name: String, _ points: [(x: Double, y: Double)], color: ColorPicture.Color) {
      self.name = name
      self.points = points
      self.color = color
    }
  }

  public struct Panel: Sendable {
    public var title: String
    public var curves: [Curve]
    /// What is along the horizontal axis, counted in whole numbers.
    public var horizontal: String

    public init(title: String, curves: [Curve], horizontal: String) {
      self.title = title
      self.curves = curves
      self.horizontal = horizontal
    }
  }

  public var panels: [Panel]
  /// Of each panel, in pixels.
  public var height = 400
  public var width = 560

  public init(_ panels: [Panel]) { self.panels = panels }

  public func picture() -> ColorPicture {
    let drawn = panels.map { PanelPicture($0, height: height, width: width).picture }
    return ColorPicture.grid(drawn, columns: drawn.count, gap: 0)
  }
}

/// A panel while it is drawn.
private struct PanelPicture {
  private(set) var picture: ColorPicture
  private let panel: Plot.Panel
  private let x: Axis
  private let y: Axis
  private let rows: Range<Int>
  private let columns: Range<Int>

  private static let scale = 2
  private static let margin = 10

  init(_ panel: Plot.Panel, height: Int, width: Int) {
    self.panel = panel
    let points = panel.curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    func range(_ values: [Double]) -> ClosedRange<Double> { (values.min() ?? 0)...(values.max() ?? 1) }
    x = Axis(covering: range(points.map(\.x)), steps: 8, wholeNumbers: true)
    y = Axis(covering: range(points.map(\.y)), steps: 6)
    func widest(_ axis: Axis) -> Int {
      axis.ticks.map { ColorPicture.width(of: $0.label, scale: Self.scale) }.max()!
    }
    let left = Self.margin + widest(y) + 8
    // Half of the last label stands beside the panel.
    let right = width - Self.margin - max(18, widest(x) / 2)
    let line = Lettering.lineHeight * Self.scale
    rows = Self.margin + line + 6..<max(Self.margin + line + 7, height - Self.margin - 2 * line - 6)
    columns = left..<max(left + 1, right)
    picture = ColorPicture(height: height, width: width)
    drawAxes()
    drawNames()
    for curve in panel.curves { draw(curve) }
  }

  private func place(x value: Double) -> Float {
    let share = (value - x.low) / (x.high - x.low)
    return Float(columns.lowerBound) + Float(share) * Float(columns.count - 1)
  }

  private func place(y value: Double) -> Float {
    let share = (y.high - value) / (y.high - y.low)
    return Float(rows.lowerBound) + Float(share) * Float(rows.count - 1)
  }

  private mutating func drawAxes() {
    let scale = Self.scale
    for tick in y.ticks {
      let row = Int(place(y: tick.value).rounded())
      picture.fill(rows: row..<row + 1, columns: columns, with: .rule)
      let width = ColorPicture.width(of: tick.label, scale: scale)
      picture.draw(
        tick.label, top: row - 7 * scale / 2, left: columns.lowerBound - 8 - width, color: .ink, scale: scale)
    }
    for tick in x.ticks {
      let column = Int(place(x: tick.value).rounded())
      picture.fill(rows: rows, columns: column..<column + 1, with: .rule)
      picture.fill(rows: rows.upperBound..<rows.upperBound + 4, columns: column..<column + 1, with: .frame)
      drawCentered(tick.label, at: column, top: rows.upperBound + 8)
    }
    picture.fill(rows: rows, columns: columns.lowerBound..<columns.lowerBound + 1, with: .frame)
    picture.fill(rows: rows.upperBound - 1..<rows.upperBound, columns: columns, with: .frame)
    drawCentered(
      panel.horizontal, at: (columns.lowerBound + columns.upperBound) / 2,
      top: rows.upperBound + 8 + Lettering.lineHeight * scale)
  }

  private mutating func drawCentered(_ text: String, at column: Int, top: Int) {
    let width = ColorPicture.width(of: text, scale: Self.scale)
    picture.draw(text, top: top, left: column - width / 2, color: .ink, scale: Self.scale)
  }

  /// The title at the left, and at the right, where there are several curves, a line of each one's colour with its name.
  private mutating func drawNames() {
    let scale = Self.scale
    var right = columns.upperBound
    for curve in panel.curves.reversed() where panel.curves.count > 1 {
      right -= ColorPicture.width(of: curve.name, scale: scale)
      picture.draw(curve.name, top: Self.margin, left: right, color: .ink, scale: scale)
      right -= 28
      let middle = Self.margin + 7 * scale / 2
      picture.fill(rows: middle - 1..<middle + 2, columns: right..<right + 22, with: curve.color)
      right -= 14
    }
    picture.draw(
      ColorPicture.fitted(panel.title, width: right - columns.lowerBound, scale: scale), top: Self.margin,
      left: columns.lowerBound, color: .black, scale: scale)
  }

  /// Lines from point to point, and the points themselves where there are few.
  private mutating func draw(_ curve: Plot.Curve) {
    var before: SIMD2<Float>?
    for point in curve.points {
      guard point.x.isFinite, point.y.isFinite else {
        before = nil
        continue
      }
      let here = SIMD2(place(x: point.x), place(y: point.y))
      picture.drawLine(from: before ?? here, to: here, color: curve.color, thickness: 2)
      if curve.points.count <= 30 {
        picture.drawLine(from: here, to: here, color: curve.color, thickness: 6)
      }
      before = here
    }
  }
}

extension ColorPicture {
  /// A line with round ends and smooth edges, from one place (x, y) to another.
  mutating func drawLine(from a: SIMD2<Float>, to b: SIMD2<Float>, color: Color, thickness: Float) {
    let reach = thickness / 2 + 1
    let (low, high) = (pointwiseMin(a, b) - reach, pointwiseMax(a, b) + reach)
    guard low.x < Float(width), low.y < Float(height), high.x > 0, high.y > 0 else { return }
    let along = b - a
    let length = max((along * along).sum(), 1e-12)
    for y in max(0, Int(low.y))..<max(1, min(height, Int(high.y) + 1)) {
      for x in max(0, Int(low.x))..<max(1, min(width, Int(high.x) + 1)) {
        let offset = SIMD2(Float(x), Float(y)) - a
        let share = max(0, min(1, (offset * along).sum() / length))
        let away = offset - along * share
        let coverage = thickness / 2 + 0.5 - (away * away).sum().squareRoot()
        if coverage > 0 { blend(color, min(1, coverage), y: y, x: x) }
      }
    }
  }
}
