import Glibc

/// Round numbers along a range: multiples of 1, 2 or 5 times a power of ten.
struct Axis: Equatable {
  /// The step is `digit` times ten to the power of `exponent`.
  private let digit: Int
  private let exponent: Int
  /// The first and the last number in steps.
  private let steps: ClosedRange<Int>

  var low: Double { value(steps.lowerBound) }
  var high: Double { value(steps.upperBound) }
  /// Where the round numbers stand, and how they are written.
  var ticks: [(value: Double, label: String)] { steps.map { (value($0), label($0)) } }

  /// The axis with at most so many steps, two or more, that covers a range.
  ///
  /// - Parameter wholeNumbers: whether nothing lies between whole numbers, as between epochs.
  init(covering range: ClosedRange<Double>, steps most: Int, wholeNumbers: Bool = false) {
    // A range without width gets some, so that its number stands in the middle; numbers end in the sixteenth digit.
    let size = max(abs(range.lowerBound), abs(range.upperBound))
    let least = wholeNumbers ? 2 : max(size * 1e-9, 1e-300)
    let isNarrow = range.upperBound - range.lowerBound < (wholeNumbers ? 1 : least)
    let range = isNarrow ? range.lowerBound - least / 2...range.upperBound + least / 2 : range
    let finest = log10((range.upperBound / Double(most) - range.lowerBound / Double(most)))
    var (digit, exponent) = (1, max(wholeNumbers ? 0 : -300, Int(finest.rounded(.down))))
    while true {
      let step = Double(digit) * pow(10, Double(exponent))
      // Numbers that are round but for their last digits count as round.
      let first = Int((range.lowerBound / step + 1e-9).rounded(.down))
      let last = max(first + 1, Int((range.upperBound / step - 1e-9).rounded(.up)))
      if last - first <= most {
        (self.digit, self.exponent, steps) = (digit, exponent, first...last)
        return
      }
      (digit, exponent) = digit == 1 ? (2, exponent) : digit == 2 ? (5, exponent) : (1, exponent + 1)
    }
  }

  private func value(_ step: Int) -> Double { Double(step * digit) * pow(10, Double(exponent)) }

  /// In digits, as many after the point as the step has; with a power of ten where there would be many zeros.
  private func label(_ step: Int) -> String {
    let number = step * digit
    guard number != 0 else { return "0" }
    let sign = number < 0 ? "-" : ""
    let digits = String(abs(number))
    /// The digits before the point.
    let whole = digits.count + exponent
    if exponent >= 0 && whole <= 6 { return sign + digits + String(repeating: "0", count: exponent) }
    if exponent < 0 && whole > -4 && whole <= 6 {
      let padded = String(repeating: "0", count: max(0, 1 - whole)) + digits
      return sign + padded.dropLast(-exponent) + "." + padded.suffix(-exponent)
    }
    var fraction = digits.dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(sign)\(digits.first!)\(fraction.isEmpty ? "" : "." + fraction)e\(whole - 1)"
  }
}
