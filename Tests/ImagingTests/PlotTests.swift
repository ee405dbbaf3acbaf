import MartletTestSupport
import Testing

@testable import MartletImaging

struct PlotTests {
  private func labels(_ range: ClosedRange<Double>, steps: Int = 6, wholeNumbers: Bool = false) -> [String] {
    Axis(covering: range, steps: steps, wholeNumbers: wholeNumbers).ticks.map(\.label)
  }

  @Test func ticksAreRoundNumbers() {
    #expect(labels(0...1) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(labels(0.62...0.91) == ["0.6", "0.7", "0.8", "0.9", "1.0"])
    #expect(labels(0.62...0.88) == ["0.60", "0.65", "0.70", "0.75", "0.80", "0.85", "0.90"])
    #expect(labels(-3...11) == ["-5", "0", "5", "10", "15"])
    #expect(labels(1...5, steps: 8, wholeNumbers: true) == ["1", "2", "3", "4", "5"])
    #expect(labels(1...20, steps: 8, wholeNumbers: true) == ["0", "5", "10", "15", "20"])
    #expect(labels(1...300, steps: 8, wholeNumbers: true) == ["0", "50", "100", "150", "200", "250", "300"])
    #expect(labels(4...4, steps: 8, wholeNumbers: true) == ["3", "4", "5"])
    #expect(labels(0.00001...0.00003) == ["1e-5", "1.5e-5", "2e-5", "2.5e-5", "3e-5"])
    #expect(labels(0...2e7) == ["0", "5e6", "1e7", "1.5e7", "2e7"])
    #expect(labels(-200_000...0) == ["-200000", "-150000", "-100000", "-50000", "0"])
  }

  /// Any range of finite numbers has an axis that covers it, with at least one step and at most so many as were asked for.
  @Test func everyRangeHasAnAxis() {
    let numbers: [Double] = [
      0, 1, -1, 0.1, 1e-9, 1e-300, .leastNonzeroMagnitude, 3.14, 1e6, 123_456.789, 1e15, 3.4e38, -3.4e38,
      1e300,
    ]
    for low in numbers {
      for high in numbers where high >= low {
        for steps in [2, 6, 8] {
          for wholeNumbers in [false, true] where !wholeNumbers || max(abs(low), abs(high)) <= 1e15 {
            let axis = Axis(covering: low...high, steps: steps, wholeNumbers: wholeNumbers)
            let slack = (axis.high - axis.low) * 1e-8
            #expect(axis.low <= low + slack && axis.high >= high - slack, "\(low)...\(high)")
            #expect(axis.low < axis.high && (2...steps + 1).contains(axis.ticks.count))
            #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count, "\(axis.ticks)")
          }
        }
      }
    }
  }

  /// The curve's colour is where its points are, and nothing is drawn into the edges.
  @Test func curvesGoThroughTheirPoints() {
    let color = ColorPicture.Color(200, 0, 0)
    let points = [(1.0, 0.0), (2, 1), (3, .nan), (4, 0.5), (5, 0.5)].map { (x: $0.0, y: $0.1) }
    let picture = Plot([
      .init(title: "loss", curves: [.init("train", points, color: color)], horizontal: "epoch")
    ])
    .picture()
    #expect(picture.height == 400 && picture.width == 560)
    func columns(of row: Int) -> [Int] { (0..<560).filter { picture[row, $0] == color } }
    let rows = (0..<400).filter { !columns(of: $0).isEmpty }
    let inked = rows.flatMap(columns)
    // From the lowest point to the highest, and from the first epoch to the last.
    #expect(rows.last! - rows.first! > 280 && inked.max()! - inked.min()! > 400)
    // Between the third epoch, which is missing, and the second there is no line.
    let (left, right) = (inked.min()!, inked.max()!)
    let gap = left + (right - left) * 2 / 5..<left + (right - left) * 7 / 10
    #expect(!inked.contains { gap.contains($0) })
    for x in 0..<560 { #expect(picture[0, x] == .white && picture[399, x] == .white) }
    for y in 0..<400 { #expect(picture[y, 0] == .white && picture[y, 559] == .white) }
  }

  @Test func plotsOfNothing() {
    for points in [[], [(1.0, Double.nan)], [(1, .infinity)], [(1, 0)]] as [[(Double, Double)]] {
      let curve = Plot.Curve("train", points.map { (x: $0.0, y: $0.1) }, color: .black)
      var plot = Plot([.init(title: "loss", curves: [curve, curve], horizontal: "epoch")])
      #expect(plot.picture().width == 560)
      (plot.width, plot.height) = (20, 20)
      #expect(plot.picture().width == 20)
    }
  }
}
