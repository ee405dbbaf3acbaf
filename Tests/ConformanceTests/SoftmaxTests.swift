import Glibc
import MartletCore
import Testing

@Suite struct SoftmaxTests {
  /// Row lengths around the widths of vectors; logits up to ±1e4 in every third row.
  @Test(arguments: DevicePair.all, [1, 2, 3, 10, 15, 16, 17, 33, 100, 1000])
  func rows(pair: DevicePair, length: Int) throws {
    let rows = 7
    let x = logits(rows, length)
    let values = x.doubles
    let probabilities = try pair.run(.softmax(logarithm: false), [x], output: x.shape)
    let logarithms = try pair.run(.softmax(logarithm: true), [x], output: x.shape)
    var (expected, expectedLogarithms): ([Double], [Double]) = ([], [])
    for r in 0..<rows {
      let row = Array(values[r * length..<(r + 1) * length])
      let top = row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - top) }
      expected += row.map { exp($0 - top) / sum }
      expectedLogarithms += row.map { $0 - top - log(sum) }
    }
    expectClose(probabilities, expected, relative: 1e-6, absolute: 1e-30, "length \(length)")
    expectClose(logarithms, expectedLogarithms, relative: 1e-6, absolute: 1e-6, "length \(length)")
  }

  /// The last two labels are no classes.
  @Test(arguments: DevicePair.all, [1, 3, 10, 16, 33, 300])
  func crossEntropy(pair: DevicePair, classes: Int) throws {
    let rows = 9
    let x = logits(rows, classes)
    let labels = (0..<rows).map { Int32($0 * 5 % classes) }.dropLast(2) + [-1, Int32(classes)]
    let dlosses = noise([rows], seed: 12)
    let losses = try pair.run(
      .softmaxCrossEntropy, [x, HostArray(Array(labels))], output: [rows])
    let dx = try pair.run(
      .softmaxCrossEntropyBackward, [x, HostArray(Array(labels)), dlosses], output: x.shape)
    let values = x.doubles
    var (expectedLosses, expected): ([Double], [Double]) = ([], [])
    for (r, label) in labels.enumerated() {
      let row = Array(values[r * classes..<(r + 1) * classes])
      guard label >= 0, label < classes else {
        expectedLosses.append(0)
        expected += row.map { _ in 0 }
        continue
      }
      let top = row.max() ?? 0
      let sum = row.reduce(0) { $0 + exp($1 - top) }
      expectedLosses.append(log(sum) + top - row[Int(label)])
      for c in 0..<classes {
        expected.append((exp(row[c] - top) / sum - (c == Int(label) ? 1 : 0)) * dlosses.doubles[r])
      }
    }
    expectClose(losses, expectedLosses, relative: 1e-6, absolute: 1e-6, "\(classes) classes")
    expectClose(dx, expected, relative: 1e-6, absolute: 2e-7, "\(classes) classes")
  }

  private func logits(_ rows: Int, _ length: Int) -> HostArray {
    let values: [Float] = noise([rows, length], seed: 11).values()
    return HostArray(
      values.enumerated().map { $1 * ($0 / length % 3 == 2 ? 1e4 : 4) }, shape: [rows, length])
  }
}
