import MartletCore
import Testing

private typealias Instruction = ElementwiseProgram.Instruction

@Suite struct ElementwiseProgramTests {
  /// a - b for every way that b's shape can stretch to the output's, and for both operands.
  @Test(
    arguments: DevicePair.all,
    [
      ([7], []), ([4, 5], [5]), ([4, 5], [4, 1]), ([4, 5], [1, 5]), ([3, 4, 5], [4, 1]),
      ([3, 4, 5], [3, 1, 5]),
      ([3, 4, 5], [3, 1, 1]), ([2, 3, 4, 5], [3, 1, 5]), ([2, 3, 1, 5, 3], [2, 1, 1, 5, 1]),
      ([40, 64], [64]),
      ([3, 1500], [1500]), ([3, 1500], [3, 1]), ([9, 7, 24], [24]), ([9, 7, 24], [7, 1]), ([1, 1], [1]),
      ([2, 9000], [2, 9000]), ([0, 3], [3]), ([700, 37], [37]),
    ] as [(Shape, Shape)])
  func broadcasting(pair: DevicePair, shapes: (Shape, Shape)) throws {
    let a = noise(shapes.0, seed: 1)
    let b = noise(shapes.1, seed: 2)
    let (x, y) = (a.doubles, b.doubles)
    let expected = (0..<shapes.0.count).map { i in x[i] - y[place(i, shapes.0, shapes.1)] }
    let forward = try pair.run(.elementwise(.single(.subtract)), [a, b], output: shapes.0)
    expectClose(forward, expected, relative: 0, absolute: 0, "\(shapes)")
    let backward = try pair.run(.elementwise(.single(.subtract)), [b, a], output: shapes.0)
    expectClose(backward, expected.map { -$0 }, relative: 0, absolute: 0, "\(shapes)")
  }

  /// Two instructions with two operands that repeat, in the same period and in another one.
  @Test(arguments: DevicePair.all, [1, 2, 7, 10, 16, 48, 130, 1000, 1030])
  func scaleAndShift(pair: DevicePair, channels: Int) throws {
    let rows = 5000 / channels + 3
    let program = ElementwiseProgram(
      inputCount: 3, instructions: [Instruction(.multiplyAdd, 0, 1, 2), Instruction(.relu, 3)], results: [4])
    let x = noise([rows, 2, channels], seed: 1)
    let scale = noise([channels], seed: 2)
    for shape in [[channels], [2, channels]] as [Shape] {
      let shift = noise(shape, seed: 3)
      let y = try pair.run(.elementwise(program), [x, scale, shift], output: x.shape)
      let (values, factors, terms) = (x.doubles, scale.doubles, shift.doubles)
      let expected = values.indices.map { i in
        max(0, values[i] * factors[i % channels] + terms[i % shape.count])
      }
      expectClose(y, expected, relative: 1e-6, absolute: 1e-6, "\(channels) channels, shift \(shape)")
    }
  }

  /// Where element i of the larger array finds its partner.
  private func place(_ i: Int, _ output: Shape, _ input: Shape) -> Int {
    var (rest, stride, place) = (i, 1, 0)
    for fromEnd in 1...max(1, output.rank) where fromEnd <= output.rank {
      let coordinate = rest % output[-fromEnd]
      rest /= output[-fromEnd]
      guard fromEnd <= input.rank else { continue }
      place += (input[-fromEnd] == 1 ? 0 : coordinate) * stride
      stride *= input[-fromEnd]
    }
    return place
  }

  @Test(arguments: DevicePair.all)
  func conversions(pair: DevicePair) throws {
    let floats: [Float] = [
      0, -0.5, 0.9, -1.9, 2.5, 254.9, 255.5, 300, -3e9, 3e9, 2_147_483_520, .nan, .infinity,
    ]
    let count = floats.count
    let copy = ElementwiseProgram(inputCount: 1, instructions: [], results: [0])
    let results = try pair.run(
      .elementwise(ElementwiseProgram(inputCount: 1, instructions: [], results: [0, 0, 0, 0])),
      [HostArray(floats)],
      outputs: [([count], .float32), ([count], .int32), ([count], .uint8), ([count], .bool)])
    #expect(
      results[1].values(as: Int32.self) == [
        0, 0, 0, -1, 2, 254, 255, 300, .min, .max, 2_147_483_520, 0, .max,
      ])
    #expect(results[2].values(as: UInt8.self) == [0, 0, 0, 0, 2, 254, 255, 255, 0, 255, 255, 0, 255])
    #expect(
      results[3].values(as: Bool.self) == [
        false, true, true, true, true, true, true, true, true, true, true, true, true,
      ])
    let integers: [Int32] = [0, 1, -1, 255, 256, .max, .min]
    let wide = ElementwiseProgram(inputCount: 1, instructions: [], results: [0, 0, 0], isInteger: true)
    let narrowed = try pair.run(
      .elementwise(wide), [HostArray(integers)], outputs: [([7], .float32), ([7], .uint8), ([7], .bool)])
    #expect(narrowed[0].values(as: Float.self) == integers.map { Float($0) })
    #expect(narrowed[1].values(as: UInt8.self) == [0, 1, 0, 255, 255, 255, 0])
    #expect(narrowed[2].values(as: Bool.self) == [false, true, true, true, true, true, true])
    let bytes = (0..<256).map { UInt8($0) }
    #expect(
      try pair.run(.elementwise(copy), [HostArray(bytes)], output: [256]) == bytes.map { Float($0) })
    let truths = (0..<77).map { $0 % 3 == 0 }
    #expect(
      try pair.run(.elementwise(copy), [HostArray(truths)], output: [77]) == truths.map { $0 ? 1 : 0 })
    // A small integer array stretched over a float one.
    let product = try pair.run(
      .elementwise(.single(.multiply)),
      [noise([5, 7], seed: 4), HostArray([1, 2, 3, 4, 5, 6, 7] as [Int32])],
      output: [5, 7])
    let x = noise([5, 7], seed: 4).doubles
    expectClose(product, x.indices.map { x[$0] * Double($0 % 7 + 1) }, relative: 0, absolute: 0)
  }

  /// Adam's update in place: three results, each in the memory of an input, and numbers that are computed once.
  @Test(arguments: Devices.all)
  func adamInPlace(test: TestDevice) throws {
    // Registers: 0 weight, 1 gradient, 2 mean, 3 square, 4 rate, 5 beta1, 6 beta2, 7 epsilon, 8 one
    let program = ElementwiseProgram(
      inputCount: 9,
      instructions: [
        Instruction(.subtract, 8, 5), Instruction(.subtract, 8, 6), Instruction(.multiply, 1, 9),
        Instruction(.multiplyAdd, 2, 5, 11), Instruction(.square, 1), Instruction(.multiply, 13, 10),
        Instruction(.multiplyAdd, 3, 6, 14), Instruction(.squareRoot, 15), Instruction(.add, 16, 7),
        Instruction(.divide, 12, 17), Instruction(.multiply, 18, 4), Instruction(.subtract, 0, 19),
      ], results: [20, 12, 15])
    let count = 20_011
    let arrays = (0..<4).map { noise([count], seed: UInt64($0)) }
    let memory = try arrays.map(test.upload)
    let squares: [Float] = arrays[3].values().map { $0 * $0 }
    memory[3].buffer.map { buffer in
      squares.withUnsafeBytes { try? test.device.upload($0, to: buffer, at: 0) }
    }
    let scalars: [Float] = [0.01, 0.9, 0.999, 1e-3, 1]
    try test.device.encode(
      .elementwise(program), inputs: memory + scalars.map { Operand.scalar($0) },
      outputs: [memory[0], memory[2], memory[3]])
    let weights: [Float] = try test.download(memory[0]).values()
    let means: [Float] = try test.download(memory[2]).values()
    let (w, g, m) = (arrays[0].doubles, arrays[1].doubles, arrays[2].doubles)
    var (newWeights, newMeans): ([Double], [Double]) = ([], [])
    for i in 0..<count {
      let mean = 0.9 * m[i] + 0.1 * g[i]
      let square = 0.999 * Double(squares[i]) + 0.001 * g[i] * g[i]
      newMeans.append(mean)
      newWeights.append(w[i] - 0.01 * mean / (square.squareRoot() + 1e-3))
    }
    expectClose(means, newMeans, relative: 1e-6, absolute: 1e-7)
    expectClose(weights, newWeights, relative: 1e-6, absolute: 1e-5)
  }

  /// A swap: each output lies where the other's source is still needed.
  @Test(arguments: Devices.all)
  func swapInPlace(test: TestDevice) throws {
    let program = ElementwiseProgram(
      inputCount: 2, instructions: [Instruction(.negate, 0), Instruction(.negate, 1)], results: [3, 2])
    let (a, b) = (noise([5003], seed: 1), noise([5003], seed: 2))
    let memory = try [a, b].map(test.upload)
    try test.device.encode(.elementwise(program), inputs: memory, outputs: memory)
    let first: [Float] = try test.download(memory[0]).values()
    let second: [Float] = try test.download(memory[1]).values()
    expectClose(first, b.doubles.map { -$0 }, relative: 0, absolute: 0)
    expectClose(second, a.doubles.map { -$0 }, relative: 0, absolute: 0)
  }

  @Test(arguments: DevicePair.all)
  func numbersAlone(pair: DevicePair) throws {
    let sum = try pair.run(
      .elementwise(.single(.add)), [], scalars: [.scalar(2 as Float), .scalar(3 as Int32)], output: [3, 700])
    #expect(sum == [Float](repeating: 5, count: 2100))
    let one = try pair.run(.elementwise(.single(.exp)), [], scalars: [.scalar(0 as Float)], output: [])
    #expect(one == [1])
    let twice = try pair.run(
      .elementwise(.single(.multiply)), [HostArray([3, 4] as [Float])], scalars: [.scalar(2 as Float)],
      output: [2])
    #expect(twice == [6, 8])
    let power = try pair.run(
      .elementwise(.single(.power)), [HostArray([3, 4] as [Float])], scalars: [.scalar(2 as Float)],
      output: [2])
    #expect(power == [9, 16])
  }
}
