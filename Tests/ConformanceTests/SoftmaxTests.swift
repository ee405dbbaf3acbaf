import Glibc
import MartletCore
import Testing

@Suite struct SoftmaxTests {
  /// Row lengths around the widths of vectors, rows that fill no whole number of them; logits up to ±1e4 in every
  /// third row.
  @Test(arguments: DevicePair.all, [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 33, 100, 1000])
  func rows(pair: DevicePair, length: Int) throws {
    let rows = 37
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
  @Test(arguments: DevicePair.all, [1, 3, 4, 8, 10, 16, 33, 300])
  func crossEntropy(pair: DevicePair, classes: Int) throws {
    let rows = 41
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

  /// What is no number stays so, in its own row only; a row whose label is no class counts as nothing nevertheless.
  @Test(arguments: DevicePair.all, [3, 33])
  func invalidLogits(pair: DevicePair, classes: Int) throws {
    var values = [Float](repeating: 1, count: 5 * classes)
    values[1 * classes] = .nan
    values[2 * classes + 1] = .infinity
    values[3 * classes] = .nan
    let x = HostArray(values, shape: [5, classes])
    let labels = HostArray([0, 1, 1, -1, 2] as [Int32])
    let losses = try pair.run(.softmaxCrossEntropy, [x, labels], output: [5])
    #expect(losses.map(\.isNaN) == [false, true, true, false, false])
    #expect(losses[3] == 0)
    let dlosses = HostArray([1, 1, 1, 1, 1] as [Float])
    let dx = try pair.run(.softmaxCrossEntropyBackward, [x, labels, dlosses], output: x.shape)
    #expect(dx[3 * classes..<4 * classes].allSatisfy { $0 == 0 })
    #expect(dx[(4 * classes)...].allSatisfy { !$0.isNaN })
    let y = try pair.run(.softmax(logarithm: false), [x], output: x.shape)
    #expect(y[classes..<2 * classes].allSatisfy { $0.isNaN } && y[2 * classes + 1].isNaN)
    #expect(y[..<classes].allSatisfy { !$0.isNaN } && y[(4 * classes)...].allSatisfy { !$0.isNaN })
  }

  private func logits(_ rows: Int, _ length: Int) -> HostArray {
    let values: [Float] = noise([rows, length], seed: 11).values()
    return HostArray(
      values.enumerated().map { $1 * ($0 / length % 3 == 2 ? 1e4 : 4) }, shape: [rows, length])
  }
}
