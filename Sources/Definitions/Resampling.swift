import MartletCore

extension Resampling {
  /// The sums over the definition's taps, which weigh the same in both passes.
  func defined(_ pass: ResamplingPass, _ x: [Double]) -> [Double] {
    let isForward = pass == .forward
    var sums = [Double](repeating: 0, count: (isForward ? outputShape : inputShape).count)
    for index in 0..<outputShape.count {
      let (pixel, channel) = (index / channels, index % channels)
      let (line, column) = (pixel / output.width, pixel % output.width)
      let (image, row) = (line / output.height, line % output.height)
      for tall in definedTaps(row, input.height, output.height) {
        for wide in definedTaps(column, input.width, output.width) {
          let place =
            ((image * input.height + tall.place) * input.width + wide.place) * channels + channel
          let weight = tall.weight * wide.weight
          if isForward { sums[index] += weight * x[place] } else { sums[place] += weight * x[index] }
        }
      }
    }
    return sums
  }

  /// Pixels are squares of side 1 around their centres; the border is continued outwards.
  private func definedTaps(_ target: Int, _ from: Int, _ to: Int) -> [(place: Int, weight: Double)] {
    let centre = (Double(target) + 0.5) * Double(from) / Double(to)
    if interpolation == .nearest { return [(Int(centre), 1)] }
    let lower = (centre - 0.5).rounded(.down)
    let fraction = centre - 0.5 - lower
    return [(Int(lower), 1 - fraction), (Int(lower) + 1, fraction)].map { (min(max($0, 0), from - 1), $1) }
  }
}

extension Trial {
  /// Larger, smaller, and the same size; one pixel, and none.
  public static var resampling: [Trial] {
    trials([
      ([2, 5, 7, 64], 10, 14), ([3, 4, 5, 3], 8, 10), ([1, 9, 6, 1], 27, 12), ([2, 7, 5, 20], 3, 11),
      ([1, 13, 11, 70], 5, 4), ([2, 1, 1, 5], 4, 3), ([1, 6, 8, 2], 1, 1), ([1, 4, 6, 17], 4, 6),
      ([1, 33, 40, 16], 66, 80), ([0, 3, 3, 2], 6, 6),
    ])
  }

  static var largeResampling: [Trial] { trials([([4, 32, 32, 32], 64, 64)]) }

  private static func trials(_ cases: [(Shape, Int, Int)]) -> [Trial] {
    cases.flatMap { input, height, width in
      [Interpolation.nearest, .bilinear].flatMap { interpolation in
        let geometry = Resampling(interpolation, input: input, height: height, width: width)
        let text = "\(interpolation) \(input) to \(height)x\(width)"
        return [
          Trial(
            .resampling(.forward, geometry), text, [noise(input, seed: 41)],
            outputs: [Output(geometry.outputShape, relative: 1e-6, absolute: 1e-6)]),
          // An element of dx may be the sum of a hundred products.
          Trial(
            .resampling(.backward, geometry), text, [noise(geometry.outputShape, seed: 42)],
            outputs: [Output(input, relative: 1e-6, absolute: 4e-6)]),
        ]
      }
    }
  }
}
