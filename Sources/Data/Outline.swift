import MartletCore

/// The ten kinds of things that `Shapes` draws, each about as large as the unit circle.
///
/// An outline is its signed distance: negative inside, positive outside, zero on the edge. The formulas are Inigo
/// Quilez's (*2D distance functions*, iquilezles.org), in numbers that every machine rounds alike.
enum Outline: Int, CaseIterable {
  case circle, ring, square, triangle, star, cross, heart, crescent, arrow, bar

  /// No outline lies farther from its center than this.
  static let reach: Float = 1.1

  func distance(_ point: Point) -> Float {
    switch self {
    case .circle: point.length - 0.9
    case .ring: abs(point.length - 0.75) - 0.22
    case .square: Self.box(point, Point(0.78, 0.78))
    case .triangle: Self.triangle(point - Point(0, 0.15), halfSide: 0.95)
    case .star: Self.star(point, radius: 1.05, ratio: 0.42)
    case .cross: min(Self.box(point, Point(1, 0.27)), Self.box(point, Point(0.27, 1)))
    case .heart: Self.heart(Point(point.x, 0.95 - point.y) / 1.75) * 1.75
    case .crescent: max((point + Point(0.1, 0)).length - 0.95, 0.75 - (point - Point(0.42, 0)).length)
    case .arrow:
      min(
        Self.box(point - Point(-0.4, 0), Point(0.6, 0.2)),
        Self.triangle(Point(point.y, 0.46 - point.x), halfSide: 0.8))
    case .bar: Self.box(point, Point(1.05, 0.26))
    }
  }

  /// Whether the outline is told from the others in any position, or only near the upright one.
  var turnsFreely: Bool {
    switch self {
    case .triangle, .star, .crescent, .arrow, .bar, .circle, .ring: true
    case .square, .cross, .heart: false
    }
  }

  private static func box(_ point: Point, _ half: Point) -> Float {
    let d = Point(abs(point.x), abs(point.y)) - half
    return Point(max(d.x, 0), max(d.y, 0)).length + min(max(d.x, d.y), 0)
  }

  /// An equilateral triangle with its tip up.
  private static func triangle(_ point: Point, halfSide r: Float) -> Float {
    let k: Float = 1.732_050_8
    var p = Point(abs(point.x) - r, -point.y + r / k)
    if p.x + k * p.y > 0 { p = Point(p.x - k * p.y, -k * p.x - p.y) / 2 }
    p.x -= max(-2 * r, min(0, p.x))
    return p.y > 0 ? -p.length : p.length
  }

  /// A star with five points, one of them up; `ratio` is the inner radius over the outer one.
  private static func star(_ point: Point, radius: Float, ratio: Float) -> Float {
    let k1 = Point(0.809_016_994, -0.587_785_252)
    let k2 = Point(-k1.x, k1.y)
    var p = Point(abs(point.x), -point.y)
    p -= 2 * max(k1.dot(p), 0) * k1
    p -= 2 * max(k2.dot(p), 0) * k2
    p = Point(abs(p.x), p.y - radius)
    let edge = ratio * Point(-k1.y, k1.x) - Point(0, 1)
    let along = max(0, min(radius, p.dot(edge) / edge.dot(edge)))
    let distance = (p - edge * along).length
    return p.y * edge.x - p.x * edge.y < 0 ? -distance : distance
  }

  /// A heart that stands on its tip at the origin and reaches to y = 1.1; y points up.
  private static func heart(_ point: Point) -> Float {
    let p = Point(abs(point.x), point.y)
    if p.x + p.y > 1 { return (p - Point(0.25, 0.75)).length - 0.353_553_4 }
    let diagonal = max(p.x + p.y, 0) / 2
    let distance = min((p - Point(0, 1)).length, (p - Point(diagonal, diagonal)).length)
    return p.x < p.y ? -distance : distance
  }
}

extension SIMD2<Float> {
  @inline(__always) func dot(_ other: Self) -> Float { x * other.x + y * other.y }
  @inline(__always) var length: Float { dot(self).squareRoot() }
}
