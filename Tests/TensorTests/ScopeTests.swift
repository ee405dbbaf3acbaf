import MartletTestSupport
import Testing

@testable import MartletTensor

struct Oops: Error {}

struct ScopeTests {
  struct Program: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let run: @Sendable () throws -> [Tensor]
    init(_ name: String, _ run: @escaping @Sendable () throws -> [Tensor]) {
      testDescription = name
      self.run = run
    }
  }
  static let programs = [
    Program("elementwise") {
      let x = samples([4, 5], seed: 1)
      return [(x * 2 + 1).tanh() / (x.squared() + 1), x.relu() - x.sigmoid()]
    },
    Program("reductions") {
      let x = samples([4, 5, 3], seed: 1)
      return [x.mean(axes: [0, 2]), x.variance(), x.max(axes: 1), x.argmax(axis: 2)]
    },
    Program("a small network") {
      let x = samples([2, 6, 6, 1], seed: 1)
      let w = samples([3, 3, 1, 4], seed: 2)
      let v = samples([16, 3], seed: 3)
      let (value, gradients) = try valueWithGradients(at: [x, w, v]) {
        $0[0].convolution($0[1], activation: .relu).maxPooled(2).flattened(from: 1).matmul($0[2])
          .softmaxCrossEntropy(labels: Tensor([0, 2] as [Int32])).mean()
      }
      return [value] + gradients
    },
    Program("random and copies") {
      let x = Tensor.randomNormal([3, 4])
      return [
        x.transposed()[1], Tensor.concatenated([x, x * 2], axis: 1), x.topK(2).values, x.topK(2).indices,
      ]
    },
    Program("batch normalisation, second order") {
      let x = samples([6, 2], seed: 1)
      let (value, gradient) = try valueWithGradient(at: x) { x in
        let (_, inner) = try valueWithGradient(at: x) {
          $0.batchNormalized(gamma: Tensor([1, 2]), beta: Tensor([0, 0]), epsilon: 0.01).y.tanh().sum()
        }
        return inner.squared().sum()
      }
      return [value, gradient]
    },
  ]

  /// Planned, run record by record, and outside every scope: the same bits.
  @Test(arguments: programs) func sameBitsInEveryMode(program: Program) throws {
    func hosts(immediate: Bool) throws -> [HostArray] {
      try withContext(seed: 3, immediate: immediate) { try compute { try program.run() } }
        .map { try $0.hostArray() }
    }
    let planned = try hosts(immediate: false)
    #expect(try hosts(immediate: true) == planned)
    #expect(try hosts(immediate: false) == planned)
    let outside = try withContext(seed: 3) { try program.run().map { try $0.hostArray() } }
    #expect(outside == planned)
  }

  @Test func resultsOfEveryKind() throws {
    let leaf = Tensor([1, 2])
    let (a, view, sameLeaf, twice, number, plain, nested) = try compute {
      () -> (Tensor, Tensor, Tensor, [Tensor], Tensor, Int, [String: Tensor]) in
      let y = leaf + 1
      return (y, y.reshaped(2, 1), leaf, [y, y], Tensor(5), 7, ["b": y * 2, "a": leaf.reshaped(1, 2)])
    }
    #expect(mismatch(a, [2, 3], shape: [2]) == nil)
    #expect(mismatch(view, [2, 3], shape: [2, 1]) == nil)
    #expect(mismatch(sameLeaf, [1, 2]) == nil)
    #expect(mismatch(twice[0], [2, 3]) == nil)
    #expect(mismatch(twice[1], [2, 3]) == nil)
    #expect(mismatch(number, [5], shape: []) == nil)
    #expect(plain == 7)
    #expect(mismatch(nested["a"]!, [1, 2], shape: [1, 2]) == nil)
    #expect(mismatch(nested["b"]!, [4, 6]) == nil)
    let optional = try compute { () -> Tensor? in leaf.reshaped(2, 1).stoppingGradient() }
    #expect(mismatch(optional!, [1, 2], shape: [2, 1]) == nil)
    // Only a view leaves, and its memory is the result's own.
    let only = try compute { () -> Tensor in (leaf * 3).reshaped(2, 1) }
    #expect(mismatch(only, [3, 6], shape: [2, 1]) == nil)
  }

  /// An array that leaves as it came is not copied; a cell's value is, because updates write into it.
  @Test func whatLeavesAsItCame() throws {
    let x = Tensor([1, 2])
    let cell = Cell(shape: [2], dtype: .float32, storage: try x.storage.copy(), isPinned: true)
    let (same, view, value) = try compute { (x, x.reshaped(2, 1), cell.read()) }
    #expect(same.storage === x.storage && view.storage === x.storage)
    try cell.overwrite(with: Tensor([3, 4]))
    #expect(mismatch(value, [1, 2]) == nil)
    // Assigned and returned: the cell has memory of its own.
    let returned = try compute { () -> Tensor in
      cell.assign(x)
      return x
    }
    try cell.overwrite(with: Tensor([5, 6]))
    #expect(mismatch(returned, [1, 2]) == nil && mismatch(x, [1, 2]) == nil)
    // The gradients of a sum are what comes from above.
    let dy = Tensor([7, 8])
    let gradients = try compute { () -> [Tensor?] in
      let y = x + Tensor([1, 1])
      return Context.trace!.gradients(of: [(y, dy)], withRespectTo: [x])
    }
    #expect(gradients[0]!.storage === dy.storage)
  }

  @Test func readingAValueInside() throws {
    let x = Tensor([1, 2, 3])
    var seen: Float = 0
    let (y, z) = try compute { () -> (Tensor, Tensor) in
      let y = x * 2
      seen = try y.sum().item()
      let z = seen > 10 ? y + 1 : y - 1
      #expect([Float](z) == [3, 5, 7])
      return (y, z * 2)
    }
    #expect(seen == 12)
    #expect(mismatch(y, [2, 4, 6]) == nil)
    #expect(mismatch(z, [6, 10, 14]) == nil)
    // Reading changes no gradient.
    let (_, gradient) = try valueWithGradient(at: x) { x in
      let (_, inner) = try valueWithGradient(at: x) {
        let cube = $0 * $0 * $0
        _ = try cube.hostArray()
        return cube.sum()
      }
      _ = [Float](inner)
      return inner.sum()
    }
    #expect(mismatch(gradient, [6, 12, 18]) == nil)
    let four = try compute { () throws -> Float in try Tensor(4).item() }
    #expect(four == 4)
    #expect(try compute { try x.reshaped(3, 1).hostArray().shape == [3, 1] })
  }

  @Test func nestedScopesAppendToTheOuterOne() throws {
    let before = PlanStatistics.current
    let y = try compute { () -> Tensor in
      let x = try compute { Tensor([1, 2]) + 1 }
      let (_, gradient) = try valueWithGradient(at: x) { ($0 * $0).sum() }
      return gradient + x
    }
    #expect(mismatch(y, [6, 9]) == nil)
    let after = PlanStatistics.current
    #expect(after.hits + after.misses >= before.hits + before.misses + 1)
  }

  @Test func aDryRunHasNoValues() throws {
    struct Reads: Error {}
    final class Peeking: Layer {
      var error: (any Error)?
      var text = ""
      func forward(_ x: Tensor) -> Tensor {
        text = "\(x * 2)"
        do { _ = try (x * 2).sum().item() } catch { self.error = error }
        return x
      }
    }
    let layer = Peeking()
    _ = try layer.summary(input: [3])
    #expect(layer.text == "Tensor(1x3, float32, no value in a dry run)")
    #expect((layer.error as? ShapeError)?.message.hasPrefix("a dry run has shapes only; ") == true)
  }

  @Test func scopesOnSeveralThreads() async {
    let results = await withTaskGroup(of: (Int, [Float]).self) { group in
      for index in 0..<8 {
        group.addTask {
          let x = samples([8, 8], seed: UInt64(index))
          let y = try? compute { () -> Tensor in (0..<5).reduce(x) { y, _ in y.matmul(x).tanh() } }
          return (index, y.map { [Float]($0) } ?? [])
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for index in 0..<8 {
      let x = samples([8, 8], seed: UInt64(index))
      #expect(results[index] == [Float]((0..<5).reduce(x) { y, _ in y.matmul(x).tanh() }))
    }
  }
}

/// What goes wrong in a scope.
struct ScopeErrorTests {
  @Test func theFirstErrorIsThrown() {
    // Not inside the macro, where every line is the macro's.
    let line = #line + 3
    func program() -> Tensor {
      let a = Tensor.zeros([2, 3])
      let b = a.matmul(a)
      #expect(b.shape == [2, 3])
      let c = (b + Tensor.zeros([7])).relu().reshaped(-1).softmax().sum()
      return c.matmul(c)
    }
    let error = #expect(throws: ShapeError.self) { try compute { program() } }
    #expect(error?.message.hasPrefix("matmul needs as many columns") == true)
    #expect(error?.site == "TensorTests/ScopeTests.swift:\(line)")
    #expect("\(error!)".hasSuffix("2x3 and 2x3 (TensorTests/ScopeTests.swift:\(line))"))
  }

  /// Everything that takes a value-less tensor gives one.
  @Test func operationsAfterAnErrorGoOn() {
    let error = #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        let x = Tensor.zeros([1, 4, 4, 2]).reshaped(3)
        let y = x.reshaped(1, 4, 4, 2)
        let parts = [
          y.convolution(Tensor.zeros([3, 3, 2, 1])), y.maxPooled(2), y.averagePooled(2), y.softmax(),
          y.batchNormalized(gamma: Tensor([1, 1]), beta: Tensor([1, 1]), epsilon: 1).y, y.transposed(),
          y.gathered(Tensor([0] as [Int32])), y.topK(1).indices, y[0], y.sum(), y.argmax(),
          y.mean(axes: [1, 2]),
          y.padded([.init(1, 1)]), y.split(into: 2, axis: 1)[1], y.flipped(), y.tiled([1, 1, 1, 2]),
          y.cast(to: .int32).oneHot(3), y.where(y > 0, else: 0),
          y.transposedConvolution(Tensor.zeros([3, 3, 1, 2])),
          y.repeated(2, axis: 0), Tensor.stacked([y, y]), Tensor.concatenated([Tensor([1]), y]),
          y.softmaxCrossEntropy(labels: Tensor.zeros([1, 4, 4]).cast(to: .int32)), y.stoppingGradient(),
          gradients(of: y.sum(), withRespectTo: [x, Tensor([1])])[1],
          try valueWithGradient(at: y) { $0.sum() }.gradient,
        ]
        return parts.reduce(Tensor(0)) { $0 + $1.cast(to: .float32).sum() }
      }
    }
    #expect(error?.message == "1x4x4x2 has 32 elements and cannot be reshaped to [3]")
  }

  @Test func operatorsThatDoNotBroadcast() {
    let error = #expect(throws: ShapeError.self) { try compute { Tensor.zeros([2, 3]) + Tensor.zeros([2]) } }
    #expect(
      error?.message
        == "shapes do not broadcast: 2x3 and 2; sizes must be equal or 1, counted from the last axis")
  }

  @Test func readingAfterAnErrorThrowsIt() {
    let error = #expect(throws: ShapeError.self) {
      try compute { () -> Float in
        let x = Tensor.zeros([2]).reshaped(3)
        return try (x + 1).sum().item()
      }
    }
    #expect(error?.message == "2 has 2 elements and cannot be reshaped to [3]")
  }

  @Test func thrownErrorsPass() {
    #expect(throws: Oops.self) { try compute { () throws -> Tensor in throw Oops() } }
    #expect(throws: Oops.self) { try valueWithGradient(at: Tensor(1)) { _ in throw Oops() } }
    #expect(Context.trace == nil)
  }
}
