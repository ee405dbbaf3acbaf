import MartletTestSupport
import Testing

struct BatchNormalizationTests {
  let x = Tensor([[1, 10], [3, 30]])

  @Test func movingAveragesFollowTheBatch() throws {
    let layer = BatchNormalization(momentum: 0.5, epsilon: 0)
    try layer.build(input: [2])
    let y = try compute(phase: .training) { layer(x) }
    #expect(mismatch(y, [-1, -1, 1, 1]) == nil)
    // Means 2 and 20, biased variances 1 and 100.
    #expect(mismatch(layer.movingMean([2]), [1, 10]) == nil)
    #expect(mismatch(layer.movingVariance([2]), [1, 50.5]) == nil)
    _ = try compute(phase: .training) { layer(layer(x) + 5) }
    // Twice in a scope: first with means 2 and 20, then with 5 and 5 and variances 1.
    #expect(mismatch(layer.movingMean([2]), [3.25, 10]) == nil)
    #expect(mismatch(layer.movingVariance([2]), [1, 38.125]) == nil)
  }

  @Test func inferenceUsesThem() throws {
    let layer = BatchNormalization(epsilon: 0.25)
    try layer.build(input: [2])
    layer.movingMean.assign(Tensor([1, 2]))
    layer.movingVariance.assign(Tensor([3.75, 0.75]))
    layer.gamma?.value = Tensor([2, 3])
    layer.beta?.value = Tensor([10, 20])
    #expect(mismatch(layer(x), [10, 44, 12, 104]) == nil)
    #expect(mismatch(layer.movingMean([2]), [1, 2]) == nil)
    layer.isFrozen = true
    #expect(mismatch(try compute(phase: .training) { layer(x) }, [10, 44, 12, 104]) == nil)
    #expect(mismatch(layer.movingMean([2]), [1, 2]) == nil)
  }

  @Test func gradientsDoNotReachTheAverages() throws {
    let layer = BatchNormalization()
    try layer.build(input: [2])
    let (_, gradients) = try valueWithGradients(of: layer) { (layer(x) * Tensor([[1, 2], [3, 4]])).sum() }
    #expect(gradients.entries.map(\.parameter.name) == ["gamma", "beta"])
    #expect(mismatch(gradients[layer.beta!], [4, 6]) == nil)
    #expect(!mismatchIsNil(layer.movingMean([2]), [0, 0]))
  }

  private func mismatchIsNil(_ x: Tensor, _ expected: [Double]) -> Bool { mismatch(x, expected) == nil }
}

struct DropoutTests {
  @Test func dropsInTrainingOnly() throws {
    let x = Tensor.ones([100, 40])
    let layer = Dropout(0.25)
    #expect(layer(x).count == 4000)
    #expect([Float](layer(x)) == [Float](repeating: 1, count: 4000))
    func mask(_ seed: UInt64) throws -> [Float] {
      try withContext(seed: seed) { [Float](try compute(phase: .training) { layer(x) }) }
    }
    let first = try mask(1)
    #expect(first == (try mask(1)))
    #expect(first != (try mask(2)))
    #expect(first.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 })
    // Five standard deviations of 4000 throws.
    #expect(abs(first.filter { $0 == 0 }.count - 1000) < 137)
  }

  @Test func dropsWholeChannels() throws {
    let layer = SpatialDropout2D(0.5)
    let y = try withContext(seed: 4) { try compute(phase: .training) { layer(Tensor.ones([2, 3, 3, 8])) } }
    let perChannel = [Float](y.mean(axes: [1, 2]))
    #expect(perChannel.allSatisfy { $0 == 0 || abs($0 - 2) < 1e-6 })
    #expect(Set(perChannel).count == 2)
  }

  /// The backward pass meets the mask of the forward pass.
  @Test func gradientsFollowTheMask() throws {
    let layer = Dropout(0.5)
    let (y, gradient) = try withContext(phase: .training, seed: 2) {
      let x = Tensor.ones([50])
      return try compute { () -> (Tensor, Tensor) in
        var kept = Tensor(0)
        let (_, gradient) = try valueWithGradient(at: x) {
          kept = layer($0)
          return kept.sum()
        }
        return (kept, gradient)
      }
    }
    #expect([Float](y) == [Float](gradient))
  }
}
