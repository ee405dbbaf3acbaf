import MartletCore

extension PoolingGeometry {
  func defined(_ pass: PoolingPass, _ inputs: [[Double]]) -> [[Double]] {
    switch (pass, kind) {
    case (.forward, .max):
      let (values, positions) = maxima(inputs[0])
      return [values, positions]
    case (.forward, _):
      return [averages { sums, output, input, count in sums[output] += inputs[0][input] / count }]
    case (.backward, .max):
      var dx = [Double](repeating: 0, count: inputShape.count)
      for output in inputs[0].indices { dx[place(output, inputs[1])] += inputs[0][output] }
      return [dx]
    case (.backward, _):
      return [
        averages(isBackward: true) { sums, output, input, count in sums[input] += inputs[0][output] / count }
      ]
    case (.pick, _): return [(0..<outputShape.count).map { inputs[0][place($0, inputs[1])] }]
    }
  }

  /// The first largest element of every window, and its place in its picture; NaN is larger than everything.
  func maxima(_ x: [Double]) -> (values: [Double], positions: [Double]) {
    var values = [Double](repeating: 0, count: outputShape.count)
    var positions = [Double](repeating: -1, count: outputShape.count)
    forEachWindowElement { output, input, position in
      let value = x[input]
      if positions[output] < 0 || value > values[output] || value.isNaN && !values[output].isNaN {
        (values[output], positions[output]) = (value, Double(position))
      }
    }
    return (values, positions)
  }

  /// Sums over every element of every window, with the number that it is divided by.
  private func averages(
    isBackward: Bool = false, _ add: (inout [Double], Int, Int, Double) -> Void
  ) -> [Double] {
    var counts = [Double](
      repeating: kind == .average ? 0 : Double(window.count), count: outputShape.count)
    if kind == .average { forEachWindowElement { output, _, _ in counts[output] += 1 } }
    var sums = [Double](repeating: 0, count: (isBackward ? inputShape : outputShape).count)
    forEachWindowElement { output, input, _ in add(&sums, output, input, counts[output]) }
    return sums
  }

  /// The element of the input that a position means.
  private func place(_ output: Int, _ positions: [Double]) -> Int {
    let image = output / (self.output.count * channels)
    return (image * input.count + Int(positions[output])) * channels + output % channels
  }

  /// Calls a body with (flat output index, flat input index, flat spatial input index), windows in row-major order.
  private func forEachWindowElement(_ body: (Int, Int, Int) -> Void) {
    for index in 0..<outputShape.count {
      let channel = index % channels
      let spatial = index / channels % output.count
      let image = index / channels / output.count
      let place = Extent(
        spatial / (output.height * output.width), spatial / output.width % output.height,
        spatial % output.width)
      for tap in 0..<window.count {
        let offset = Extent(
          tap / (window.height * window.width), tap / window.width % window.height, tap % window.width)
        var position = 0
        var isInside = true
        for axis in 0..<3 {
          let coordinate = place[axis] * strides[axis] - paddingBefore[axis] + offset[axis]
          isInside = isInside && (0..<input[axis]).contains(coordinate)
          position = position * input[axis] + coordinate
        }
        if isInside { body(index, (image * input.count + position) * channels + channel, position) }
      }
    }
  }
}

extension Trial {
  /// Windows that overlap and that do not, over one, two and three axes; pictures with ties and NaN.
  public static var pooling: [Trial] {
    trials([
      ([2, 6, 6, 32], [2, 2], [2, 2], .valid), ([3, 7, 9, 5], [2, 2], [2, 2], .valid),
      ([2, 7, 9, 5], [3, 3], [2, 2], .same), ([1, 8, 7, 20], [3, 2], [1, 2], .same),
      ([9, 5, 5, 1], [5, 5], [1, 1], .valid), ([2, 11, 3], [4], [3], .same),
      ([2, 4, 5, 6, 3], [2, 3, 2], [2, 1, 2], .same), ([1, 6, 6, 70], [3, 3], [2, 2], .same),
      ([2, 9, 9, 4], [2, 2], [3, 3], .valid),
    ])
  }

  static var largePooling: [Trial] { trials([([16, 28, 28, 64], [3, 3], [2, 2], .same)]) }

  private static func trials(_ cases: [(Shape, [Int], [Int], Padding)]) -> [Trial] {
    cases.flatMap { input, window, strides, padding in
      [Pooling.Kind.max, .average, .averageWithPadding].flatMap { kind -> [Trial] in
        let pooling = Pooling(
          kind, poolSize: Spatial(window), strides: Spatial(strides), padding: padding)
        guard let geometry = try? pooling.geometry(input: input) else {
          preconditionFailure("\(pooling) does not fit \(input)")
        }
        let size = window.map(String.init).joined(separator: "x")
        let steps = strides.map(String.init).joined(separator: "x")
        let text = "\(kind) of \(input), window \(size), strides \(steps), \(padding)"
        return kind == .max ? maximum(geometry, text) : average(geometry, text)
      }
    }
  }

  private static func maximum(_ geometry: PoolingGeometry, _ text: String) -> [Trial] {
    let (from, to) = (geometry.inputShape, geometry.outputShape)
    @Sendable func picture() -> HostArray {
      var values: [Float] = noise(from, seed: 31).values().map { ($0 * 8).rounded() }
      values[values.count / 2] = .nan
      return HostArray(values, shape: from)
    }
    @Sendable func positions() -> HostArray {
      HostArray(geometry.maxima(picture().doubles).positions.map { Int32($0) }, shape: to)
    }
    return [
      Trial(.pooling(.forward, geometry), text, [picture()], outputs: [Output(to), Output(to, .int32)]),
      Trial(
        .pooling(.backward, geometry), text, [noise(to, seed: 32), positions()],
        outputs: [Output(from, absolute: 1e-6)]),
      Trial(.pooling(.pick, geometry), text, [noise(from, seed: 35), positions()], outputs: [Output(to)]),
    ]
  }

  private static func average(_ geometry: PoolingGeometry, _ text: String) -> [Trial] {
    let (from, to) = (geometry.inputShape, geometry.outputShape)
    return [
      Trial(
        .pooling(.forward, geometry), text, [noise(from, seed: 33)],
        outputs: [Output(to, relative: 1e-6, absolute: 1e-6)]),
      Trial(
        .pooling(.backward, geometry), text, [noise(to, seed: 34)],
        outputs: [Output(from, relative: 1e-6, absolute: 1e-6)]),
    ]
  }
}
