import MartletTestSupport
import Testing

/// Parameters and states inside scopes.
struct CellTests {
  /// Counts its calls in a state, and adds a parameter.
  final class Counter: Layer {
    let count = State(0)
    let offset = Parameter(.ones)
    func forward(_ x: Tensor) -> Tensor {
      let next = count([]) + 1
      count.assign(next)
      return x * next + offset([1])
    }
  }

  @Test func assignmentsAreSeenAndCommitted() throws {
    let counter = Counter()
    try counter.build(input: [1])
    #expect(try counter.count([]).item() == 0)
    let x = Tensor([[10]])
    let y = try compute { counter(x) + counter(x) }
    #expect(mismatch(y, [32]) == nil)
    #expect(try counter.count([]).item() == 2)
    #expect(mismatch(counter(x), [31]) == nil)
    #expect(try counter.count([]).item() == 3)
  }

  @Test func aThrownErrorCommitsNothing() throws {
    let counter = Counter()
    try counter.build(input: [1])
    #expect(throws: Oops.self) {
      try compute { () throws -> Tensor in
        _ = counter(Tensor([[1]]))
        throw Oops()
      }
    }
    #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        counter(Tensor([[1]])).matmul(Tensor.zeros([3, 1]))
      }
    }
    #expect(try counter.count([]).item() == 0)
  }

  @Test func readingAnAssignedCellInAScope() throws {
    let counter = Counter()
    try counter.build(input: [1])
    _ = try compute { () throws -> Int in
      _ = counter(Tensor([[1]]))
      #expect(try counter.count([]).item() == 1)
      counter.count.assign(Tensor(7))
      #expect(try counter.count([]).item() == 7)
      return 0
    }
    #expect(try counter.count([]).item() == 7)
  }

  @Test func parametersAssignedInAScope() throws {
    let counter = Counter()
    try counter.build(input: [1])
    let place = counter.offset.cell!.storage
    let (before, after) = try compute { () -> (Tensor, Tensor) in
      let before = counter.offset.value * 2
      counter.offset.value = Tensor([5])
      return (before, counter.offset.value * 2)
    }
    #expect(mismatch(before, [2]) == nil)
    #expect(mismatch(after, [10]) == nil)
    #expect(mismatch(counter.offset.value, [5]) == nil)
    // The parameter stays where it is.
    #expect(counter.offset.cell!.storage === place)
    #expect(throws: Oops.self) {
      _ = try compute { () throws -> Int in
        counter.offset.value = Tensor([6])
        throw Oops()
      }
    }
    #expect(mismatch(counter.offset.value, [5]) == nil)
  }

  @Test func aValueIsACopy() throws {
    let counter = Counter()
    try counter.build(input: [1])
    let old = counter.offset.value
    let inside = try compute { counter.offset.value }
    counter.offset.value = Tensor([9])
    #expect(mismatch(old, [1]) == nil)
    #expect(mismatch(inside, [1]) == nil)
    #expect(mismatch(counter.offset.value, [9]) == nil)
  }

  @Test func gradientsOfAStateThatLeaves() throws {
    let counter = Counter()
    try counter.build(input: [1])
    let ((loss, count), gradients) = try valueWithGradients(of: counter) {
      let y = counter(Tensor([[2]]))
      return (y.sum(), counter.count([]))
    }
    #expect(try loss.item() == 3)
    #expect(try count.item() == 1)
    #expect(mismatch(gradients[counter.offset], [1]) == nil)
  }
}
