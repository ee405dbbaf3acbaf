import Glibc
import MartletCore

/// Calls a closure with each row along the last axis.
private func rows<R>(of x: HostArray, _ body: (_ row: Int, ArraySlice<Double>) -> R) -> [R] {
  let (values, length) = (x.doubles, x.shape[-1])
  return (0..<values.count / length).map { body($0, values[$0 * length..<($0 + 1) * length]) }
}

/// ln Σ e^x, without overflow.
private func logarithmOfSum(_ row: ArraySlice<Double>) -> Double {
  let top = row.max() ?? 0
  return top + log(row.reduce(0) { $0 + exp($1 - top) })
}

func softmaxed(_ x: HostArray, logarithm: Bool) -> [Double] {
  rows(of: x) { _, row in
    let all = logarithmOfSum(row)
    return row.map { logarithm ? $0 - all : exp($0 - all) }
  }.flatMap { $0 }
}

func crossEntropy(_ x: HostArray, labels: HostArray) -> [Double] {
  let labels = labels.values(as: Int32.self)
  return rows(of: x) { r, row in
    let label = Int(labels[r])
    return row.indices.contains(row.startIndex + label)
      ? logarithmOfSum(row) - row[row.startIndex + label] : 0
  }
}

func crossEntropyBackward(_ x: HostArray, labels: HostArray, dlosses: [Double]) -> [Double] {
  let labels = labels.values(as: Int32.self)
  return rows(of: x) { r, row in
    let (label, all) = (row.startIndex + Int(labels[r]), logarithmOfSum(row))
    return row.indices.map { c in
      row.indices.contains(label) ? (exp(row[c] - all) - (c == label ? 1 : 0)) * dlosses[r] : 0
    }
  }.flatMap { $0 }
}

extension Trial {
  /// Row lengths around the widths of vectors, rows that fill no whole number of them; logits up to ±1e4 in every third
  /// row; the last two labels are no classes.
  public static var softmax: [Trial] {
    trials([1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 33, 100, 300, 1000].map { (37, $0) })
  }

  static var largeSoftmax: [Trial] { trials([(4000, 100)]) }

  private static func trials(_ sizes: [(Int, Int)]) -> [Trial] {
    sizes.flatMap { count, length -> [Trial] in
      let shape: Shape = [count, length]
      let text = "\(count) rows of \(length)"
      @Sendable func labels() -> HostArray {
        HostArray((0..<count).map { Int32($0 * 5 % length) }.dropLast(2) + [-1, Int32(length)])
      }
      return [
        Trial(
          .softmax(logarithm: false), text, [logits(count, length)],
          outputs: [Output(shape, relative: 1e-6, absolute: 1e-30)]),
        Trial(
          .softmax(logarithm: true), "logarithms, \(text)", [logits(count, length)],
          outputs: [Output(shape, relative: 1e-6, absolute: 1e-6)]),
        Trial(
          .softmaxCrossEntropy, text, [logits(count, length), labels()],
          outputs: [Output([count], relative: 1e-6, absolute: 1e-6)]),
        Trial(
          .softmaxCrossEntropyBackward, text, [logits(count, length), labels(), noise([count], seed: 12)],
          outputs: [Output(shape, relative: 1e-6, absolute: 2e-7)]),
      ]
    }
  }

  private static func logits(_ count: Int, _ length: Int) -> HostArray {
    let values: [Float] = noise([count, length], seed: 11).values()
    return HostArray(
      values.enumerated().map { $1 * ($0 / length % 3 == 2 ? 1e4 : 4) }, shape: [count, length])
  }
}
