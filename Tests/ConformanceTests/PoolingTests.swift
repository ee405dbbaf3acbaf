import MartletCore
import Testing

@Suite struct PoolingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: Shape
    var window: [Int]
    var strides: [Int]
    var padding: Padding
    var testDescription: String { "\(input) window \(window) strides \(strides) \(padding)" }
  }
  static let cases: [Case] = [
    Case(input: [2, 6, 6, 32], window: [2, 2], strides: [2, 2], padding: .valid),
    Case(input: [3, 7, 9, 5], window: [2, 2], strides: [2, 2], padding: .valid),
    Case(input: [2, 7, 9, 5], window: [3, 3], strides: [2, 2], padding: .same),
    Case(input: [1, 8, 7, 20], window: [3, 2], strides: [1, 2], padding: .same),
    Case(input: [9, 5, 5, 1], window: [5, 5], strides: [1, 1], padding: .valid),
    Case(input: [2, 11, 3], window: [4], strides: [3], padding: .same),
    Case(input: [2, 4, 5, 6, 3], window: [2, 3, 2], strides: [2, 1, 2], padding: .same),
    Case(input: [1, 6, 6, 70], window: [3, 3], strides: [2, 2], padding: .same),
    Case(input: [2, 9, 9, 4], window: [2, 2], strides: [3, 3], padding: .valid),
  ]

  @Test(arguments: DevicePair.all, cases)
  func maximum(pair: DevicePair, testCase: Case) throws {
    let geometry = try geometry(.max, testCase)
    var values: [Float] = noise(testCase.input, seed: 31).values().map { ($0 * 8).rounded() }
    values[values.count / 2] = .nan
    let x = HostArray(values, shape: testCase.input)
    let (shape, count) = (geometry.outputShape, geometry.outputShape.count)
    let results = try pair.run(
      .pooling(.forward, geometry), [x], outputs: [(shape, .float32), (shape, .int32)])
    var (maxima, places) = ([Double](repeating: 0, count: count), [Int32](repeating: -1, count: count))
    forEachWindowElement(geometry) { output, input, position in
      let value = Double(values[input])
      if places[output] < 0 || value > maxima[output] || value.isNaN && !maxima[output].isNaN {
        maxima[output] = value
        places[output] = Int32(position)
      }
    }
    expectMatches(results[0].values(), maxima, relative: 0, "\(testCase.testDescription)")
    #expect(results[1].values(as: Int32.self) == places, "\(testCase.testDescription)")
    let dy = noise(shape, seed: 32)
    let dx = try pair.run(.pooling(.backward, geometry), [dy, results[1]], output: testCase.input)
    let picked = try pair.run(.pooling(.pick, geometry), [source(testCase), results[1]], output: shape)
    var expected = [Double](repeating: 0, count: testCase.input.count)
    var expectedPicks = [Double](repeating: 0, count: count)
    let elements = source(testCase).doubles
    for output in 0..<count {
      let image = output / (geometry.output.count * geometry.channels)
      let input =
        (image * geometry.input.count + Int(places[output])) * geometry.channels + output % geometry.channels
      expected[input] += dy.doubles[output]
      expectedPicks[output] = elements[input]
    }
    expectClose(dx, expected, relative: 0, absolute: 1e-6, "\(testCase.testDescription)")
    expectClose(picked, expectedPicks, relative: 0, absolute: 0, "\(testCase.testDescription)")
  }

  @Test(arguments: DevicePair.all, cases)
  func average(pair: DevicePair, testCase: Case) throws {
    for kind in [Pooling.Kind.average, .averageWithPadding] {
      let geometry = try geometry(kind, testCase)
      let x = noise(testCase.input, seed: 33)
      let dy = noise(geometry.outputShape, seed: 34)
      let (values, gradients) = (x.doubles, dy.doubles)
      var counts = [Double](repeating: 0, count: geometry.outputShape.count)
      forEachWindowElement(geometry) { output, _, _ in counts[output] += 1 }
      if kind == .averageWithPadding {
        counts = counts.map { _ in Double(geometry.window.count) }
      }
      var means = [Double](repeating: 0, count: counts.count)
      var expected = [Double](repeating: 0, count: values.count)
      forEachWindowElement(geometry) { output, input, _ in
        means[output] += values[input] / counts[output]
        expected[input] += gradients[output] / counts[output]
      }
      let y = try pair.run(.pooling(.forward, geometry), [x], output: geometry.outputShape)
      let dx = try pair.run(.pooling(.backward, geometry), [dy], output: testCase.input)
      expectClose(y, means, relative: 1e-6, absolute: 1e-6, "\(kind) \(testCase.testDescription)")
      expectClose(dx, expected, relative: 1e-6, absolute: 1e-6, "\(kind) \(testCase.testDescription)")
    }
  }

  private func source(_ testCase: Case) -> HostArray { noise(testCase.input, seed: 35) }

  private func geometry(_ kind: Pooling.Kind, _ testCase: Case) throws -> PoolingGeometry {
    try Pooling(
      kind, poolSize: Spatial(testCase.window), strides: Spatial(testCase.strides), padding: testCase.padding
    ).geometry(input: testCase.input)
  }

  /// Calls a body with (flat output index, flat input index, flat spatial input index), windows in row-major order.
  private func forEachWindowElement(_ g: PoolingGeometry, _ body: (Int, Int, Int) -> Void) {
    for output in 0..<g.outputShape.count {
      let channel = output % g.channels
      let spatial = output / g.channels % g.output.count
      let image = output / g.channels / g.output.count
      let place = Extent(
        spatial / (g.output.height * g.output.width), spatial / g.output.width % g.output.height,
        spatial % g.output.width)
      for tap in 0..<g.window.count {
        let offset = Extent(
          tap / (g.window.height * g.window.width), tap / g.window.width % g.window.height,
          tap % g.window.width)
        var position = 0
        var isInside = true
        for axis in 0..<3 {
          let coordinate = place[axis] * g.strides[axis] - g.paddingBefore[axis] + offset[axis]
          isInside = isInside && (0..<g.input[axis]).contains(coordinate)
          position = position * g.input[axis] + coordinate
        }
        if isInside { body(output, (image * g.input.count + position) * g.channels + channel, position) }
      }
    }
  }
}
