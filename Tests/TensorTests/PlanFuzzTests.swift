import MartletTestSupport
import Testing

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
}
