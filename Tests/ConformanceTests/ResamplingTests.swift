import MartletCore
import Testing

@Suite struct ResamplingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: Shape
    var height: Int
    var width: Int
    var testDescription: String { "\(input) to \(height)x\(width)" }
  }
  static let cases: [Case] = [
    Case(input: [2, 5, 7, 64], height: 10, width: 14), Case(input: [3, 4, 5, 3], height: 8, width: 10),
    Case(input: [1, 9, 6, 1], height: 27, width: 12), Case(input: [2, 7, 5, 20], height: 3, width: 11),
    Case(input: [1, 13, 11, 70], height: 5, width: 4), Case(input: [2, 1, 1, 5], height: 4, width: 3),
    Case(input: [1, 6, 8, 2], height: 1, width: 1), Case(input: [1, 4, 6, 17], height: 4, width: 6),
    Case(input: [1, 33, 40, 16], height: 66, width: 80), Case(input: [0, 3, 3, 2], height: 6, width: 6),
  ]

  /// Both passes against the sum over the definition's taps, which weigh the same in both.
  @Test(arguments: DevicePair.all, cases)
  func passes(pair: DevicePair, testCase: Case) throws {
    for interpolation in [Interpolation.nearest, .bilinear] {
      let geometry = Resampling(
        interpolation, input: testCase.input, height: testCase.height, width: testCase.width)
      let (x, dy) = (noise(testCase.input, seed: 41), noise(geometry.outputShape, seed: 42))
      let (values, gradients) = (x.doubles, dy.doubles)
      var expected = [Double](repeating: 0, count: gradients.count)
      var expectedGradients = [Double](repeating: 0, count: values.count)
      let (h, w, c) = (testCase.input[1], testCase.input[2], testCase.input[3])
      for output in gradients.indices {
        let (pixel, channel) = (output / c, output % c)
        let (line, column) = (pixel / testCase.width, pixel % testCase.width)
        let (image, row) = (line / testCase.height, line % testCase.height)
        for tall in taps(row, h, testCase.height, interpolation) {
          for wide in taps(column, w, testCase.width, interpolation) {
            let input = ((image * h + tall.place) * w + wide.place) * c + channel
            expected[output] += tall.weight * wide.weight * values[input]
            expectedGradients[input] += tall.weight * wide.weight * gradients[output]
          }
        }
      }
      let y = try pair.run(.resampling(.forward, geometry), [x], output: geometry.outputShape)
      let dx = try pair.run(.resampling(.backward, geometry), [dy], output: testCase.input)
      expectClose(y, expected, relative: 1e-6, absolute: 1e-6, "\(interpolation) \(testCase)")
      // An element of dx may be the sum of a hundred products.
      expectClose(dx, expectedGradients, relative: 1e-6, absolute: 4e-6, "\(interpolation) \(testCase)")
    }
  }

  /// Pixels are squares of side 1 around their centres; the border is continued outwards.
  private func taps(
    _ target: Int, _ from: Int, _ to: Int, _ interpolation: Interpolation
  ) -> [(place: Int, weight: Double)] {
    let centre = (Double(target) + 0.5) * Double(from) / Double(to)
    if interpolation == .nearest { return [(Int(centre), 1)] }
    let lower = (centre - 0.5).rounded(.down)
    let fraction = centre - 0.5 - lower
    return [(Int(lower), 1 - fraction), (Int(lower) + 1, fraction)].map { (min(max($0, 0), from - 1), $1) }
  }

  /// What a pixel does not weigh is not touched: no number next to it stays without effect.
  @Test(arguments: DevicePair.all)
  func sameSizeCopies(pair: DevicePair) throws {
    let x = HostArray([1, .nan, .infinity, 4] as [Float], shape: [1, 2, 2, 1])
    for interpolation in [Interpolation.nearest, .bilinear] {
      let geometry = Resampling(interpolation, input: [1, 2, 2, 1], height: 2, width: 2)
      let y = try pair.run(.resampling(.forward, geometry), [x], output: [1, 2, 2, 1])
      #expect(y[0] == 1 && y[1].isNaN && y[2] == .infinity && y[3] == 4)
    }
  }
}
