import MartletTestSupport
import Testing

@testable import MartletTensor

/// Random programs, planned in one scope beside the same run one operation at a time: the planner may lose nothing,
/// and memory may not be used again too early.
struct PlanFuzzTests {
  private func program(seed: UInt64, reads: Bool) throws -> [Tensor] {
    var generator = PhiloxGenerator(seed: seed)
    var pool = [samples([4, 4], seed: seed), samples([4, 4], seed: seed + 1)]
    func pick() -> Tensor { pool[Int.random(in: 0..<pool.count, using: &generator)] }
    for _ in 0..<20 {
      let (a, b) = (pick(), pick())
      switch Int.random(in: 0..<14, using: &generator) {
      case 0: pool.append(a + b)
      case 1: pool.append((a * b).tanh())
      case 2: pool.append(a.matmul(b) * 0.5)
      case 3: pool.append(a.transposed())
      case 4: pool.append(a.reshaped(2, 8).reshaped(4, 4))
      case 5: pool.append(a - b.mean(axes: 0, keepDims: true))
      case 6: pool.append(a.stoppingGradient().relu())
      case 7:
        let (values, indices) = a.topK(4)
        pool.append(values)
        pool.append(indices.cast(to: .float32))
      case 8:
        let (y, mean, variance) = a.batchNormalized(
          gamma: Tensor.ones([4]), beta: b.sum(axes: 0), epsilon: 0.5)
        pool += [y, mean.broadcast(to: [4, 4]), (variance + b)]
      case 9: pool.append(Tensor.concatenated([a[..<2], b[2...]]))
      case 10: pool.append(Tensor.full([4, 4], 0.25))
      case 11: pool.append(a.where(a > b, else: b.flipped()))
      case 12:
        pool.append(a.reshaped(1, 2, 4, 2).maxPooled(2).repeated(4, axis: 1).reshaped(4, 4))
      default: if reads { _ = try a.hostArray() }
      }
    }
    var results = (0..<5).map { _ in pick() }
    results.append(results[0].reshaped(16))
    let gradient = try valueWithGradient(at: pool[0]) { x in
      (x.matmul(pool[1]) * results[1]).tanh().sum()
    }
    return results + [gradient.value, gradient.gradient]
  }

  @Test(arguments: UInt64(0)..<60) func sameBits(seed: UInt64) throws {
    let expected = try program(seed: seed * 10, reads: false).map { try $0.hostArray() }
    for reads in [false, true] {
      let planned = try compute { try program(seed: seed * 10, reads: reads) }.map { try $0.hostArray() }
      #expect(planned == expected)
    }
  }

  /// A program full of what fuses: chains and diamonds, rows, columns and numbers that are broadcast, truth values,
  /// whole numbers, and products and normalisations with what may stand in their epilogues.
  private func fusableProgram(seed: UInt64) throws -> [Tensor] {
    var generator = PhiloxGenerator(seed: seed)
    func random(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    let shape: Shape = [2, 3, 3, 4]
    var pool = (0..<3).map { samples(shape, seed: seed + UInt64($0)) }
    let row = samples([4], seed: seed + 3)
    let kernel = samples([3, 3, 4, 4], seed: seed + 4)
    var truths = [pool[0] > pool[1]]
    var integers = [(pool[2] * 3).cast(to: .int32)]
    func pick() -> Tensor { pool[Swift.max(0, pool.count - 1 - random(5))] }
    for _ in 0..<25 {
      let (a, b) = (pick(), pick())
      switch random(24) {
      case 0: pool.append(a + b)
      case 1: pool.append(a * b - a)
      case 2: pool.append((a + row).relu())
      case 3: pool.append(a * samples([3, 1], seed: seed + 5))
      case 4: pool.append(a * 0.5 + 0.25)
      case 5: pool.append((a.reshaped(6, 3, 4) * 2).reshaped(2, 3, 3, 4))
      case 6:
        let left = a.tanh()
        let right = a.sigmoid() * 2
        pool += [left, left - right]
      case 7: truths.append((a < b) .&& truths[random(truths.count)])
      case 8: truths.append((a * 2).cast(to: .bool))
      case 9: pool.append(a.where(truths[random(truths.count)], else: b * 2))
      case 10: integers.append(integers[random(integers.count)] + (a * 2).cast(to: .int32))
      case 11: pool.append(a + integers[random(integers.count)].cast(to: .float32))
      case 12: pool.append(truths[random(truths.count)].cast(to: .float32) * a)
      case 13, 14:
        let y = a.convolution(kernel, padding: .same)
        switch random(4) {
        case 0: pool.append((y + row + b).relu())
        case 1: pool.append((y * row + (row - 1) + b).relu())
        case 2: pool.append((y + row) * row)
        default: pool.append((b + y).sigmoid())
        }
      case 15: pool.append((a.matmul(kernel[0, 0]) + row).tanh() + b)
      case 16:
        let (y, mean, variance) = a.batchNormalized(gamma: row, beta: row * 2, epsilon: 0.1)
        pool += [random(2) == 0 ? (y + b).relu() : y.relu(), b - mean * 0.9 + variance * 0.1]
      case 17: pool.append(a - a.sum(axes: [0, 1, 2]) * 0.1)
      case 18: pool.append((a * b).sum(axes: 3, keepDims: true) + b)
      case 19: pool.append((a - b * 0.5).squared().mean(axes: [random(4)], keepDims: true) - a)
      case 20: pool.append(((a.reshaped(6, 12) + 0.5).max(axes: 0) * row[0]).reshaped(3, 4) + b)
      case 21: pool.append(a.convolution(kernel, bias: row, padding: .same).relu().maxPooled(2) + a)
      case 22: pool.append(((a + row).tanh() * b).sum(axes: [0, 1, 2]) + b)
      default: pool.append(a.convolution(kernel, bias: row, padding: .same, activation: .relu))
      }
    }
    let chosen = (0..<4).map { _ in pick() }
    let gradients = try valueWithGradients(at: [pool[0], row, kernel]) { inputs in
      let y = inputs[0].convolution(inputs[2], padding: .same)
      let n = y.batchNormalized(gamma: inputs[1], beta: row, epsilon: 0.1).y.relu()
      let mask = (Tensor.randomUniform(n.shape) > 0.25).cast(to: .float32)
      let z = (n.convolution(inputs[2], bias: inputs[1], padding: .same, activation: .relu) * mask + n).relu()
      let m = z.convolution(inputs[2], padding: .same)
      let p = m.batchNormalized(gamma: inputs[1], beta: row, epsilon: 0.1).y.relu()
      let q = p.convolution(inputs[2], bias: inputs[1], padding: .same, activation: .relu).maxPooled(2)
      let r = p.convolution(inputs[2], padding: .same).relu().maxPooled(3, strides: 1, padding: .same)
      return (m * chosen[0]).sum() + (z * inputs[1]).mean() + (q * inputs[1]).sum() + (r - z).squared().mean()
    }
    let last = Array(pool[(pool.count - 3)...]) + [truths.last!, integers.last!, gradients.value]
    return last + chosen + gradients.gradients
  }

  /// Each pass may change what runs, and no bit of what comes out.
  @Test(arguments: UInt64(0)..<40) func sameBitsWithoutEachPass(seed: UInt64) throws {
    func hosts(_ passes: String, immediate: Bool = false) throws -> [HostArray] {
      try withPasses(try PassSelection(passes)) {
        try withContext(seed: seed, immediate: immediate) {
          try compute { try fusableProgram(seed: seed * 10) }
        }
      }.map { try $0.hostArray() }
    }
    let expected = try hosts("-all", immediate: true)
    for passes in ["", "-all", "-fusion"] + PassSelection.names.map({ "-" + $0 }) {
      let actual = try hosts(passes)
      for (index, (a, b)) in zip(actual, expected).enumerated() where a != b {
        Issue.record("result \(index) differs with passes \"\(passes)\"")
      }
    }
  }
}
