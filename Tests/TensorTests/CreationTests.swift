import MartletTestSupport
import Testing

struct CreationTests {
  @Test func constants() {
    #expect(mismatch(Tensor.full([2, 2], 3), [3, 3, 3, 3], shape: [2, 2]) == nil)
    #expect(mismatch(Tensor.zeros([2]), [0, 0]) == nil)
    #expect(mismatch(Tensor.ones(like: Tensor.zeros([1, 2])), [1, 1], shape: [1, 2]) == nil)
    #expect(mismatch(Tensor.identity(2), [1, 0, 0, 1], shape: [2, 2]) == nil)
    #expect(mismatch(Tensor.range(3), integers: [0, 1, 2]) == nil)
    #expect(mismatch(Tensor.range(from: 1, to: 2, by: 0.5), [1, 1.5]) == nil)
    #expect(mismatch(Tensor.range(from: 3, to: 0, by: -2), [3, 1]) == nil)
    #expect(mismatch(Tensor.linspace(0, 1, count: 5), [0, 0.25, 0.5, 0.75, 1]) == nil)
    #expect(mismatch(Tensor.linspace(2, 9, count: 1), [2]) == nil)
  }

  @Test func fromAndToTheHost() throws {
    let array = HostArray([1, 2, 3, 4] as [Int32], shape: [2, 2])
    let tensor = try Tensor(array)
    #expect(try tensor.hostArray() == array)
    #expect(try tensor.elements(as: Int32.self) == [1, 2, 3, 4])
    #expect([Int32](tensor) == [1, 2, 3, 4])
    #expect(try Tensor(2.5).item() == 2.5)
    #expect(try Tensor([[7]] as [[UInt8]]).item() == 7)
    #expect(try Tensor([true]).item() == 1)
    #expect(try tensor.sum().item() == 10)
    let error = #expect(throws: ShapeError.self) { try tensor.item() }
    #expect(error?.message == "item() needs one element; the tensor has 4 (2x2)")
    let other = try Devices.named("cpu", threads: 1)
    let copy = try tensor.copied(to: other)
    #expect(copy.device === other)
    #expect([Int32](copy * 2) == [2, 4, 6, 8])
  }

  @Test func sameSeedSameNumbers() throws {
    func draw(seed: UInt64) -> [[Float]] {
      withContext(seed: seed) { [[Float](Tensor.randomUniform([9])), [Float](Tensor.randomNormal([9]))] }
    }
    #expect(draw(seed: 1) == draw(seed: 1))
    #expect(draw(seed: 1) != draw(seed: 2))
    withContext(seed: 3) {
      #expect([Float](Tensor.randomUniform([9])) != [Float](Tensor.randomUniform([9])))
      #expect(Context.current.random.counter == 2)
    }
    // A scope draws what the top level draws.
    let scoped = try withContext(seed: 1) {
      try compute { (Tensor.randomUniform([9]), Tensor.randomNormal([9])) }
    }
    #expect([[Float](scoped.0), [Float](scoped.1)] == draw(seed: 1))
    // A restored state goes on where it was.
    let state = RandomState(seed: 5)
    let second = withContext(random: state) {
      _ = Tensor.randomUniform([3])
      return [Float](Tensor.randomUniform([3]))
    }
    let restored = withContext(random: RandomState(seed: 5, counter: 1)) {
      [Float](Tensor.randomUniform([3]))
    }
    #expect(second == restored)
  }

  /// Four standard errors for 40000 numbers.
  @Test func moments() throws {
    try withContext(seed: 11) { () throws in
      let uniform = Tensor.randomUniform([200, 200], low: -2, high: 4)
      #expect(abs(try uniform.mean().item() - 1) < 4 * 1.733 / 200)
      #expect(abs(try uniform.variance().item() - 3) < 4 * 2.69 / 200)
      #expect(try uniform.min().item() >= -2)
      #expect(try uniform.max().item() < 4)
      let normal = Tensor.randomNormal([200, 200], mean: 3, standardDeviation: 2)
      #expect(abs(try normal.mean().item() - 3) < 4 * 2 / 200)
      #expect(abs(try normal.standardDeviation().item() - 2) < 4 * 1.42 / 200)
    }
  }
}
