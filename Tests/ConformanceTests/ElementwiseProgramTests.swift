import MartletCore
import MartletDefinitions
import Testing

private typealias Instruction = ElementwiseProgram.Instruction

@Suite struct ElementwiseProgramTests {
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
}
