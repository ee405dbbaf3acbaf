import MartletTestSupport
import Testing

/// The reductions beside loops in Double.
struct ReductionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let ours: @Sendable (Tensor, Axes?, Bool) -> Tensor
    let definition: @Sendable ([Double]) -> Double
    init(
      _ name: String, _ ours: @escaping @Sendable (Tensor, Axes?, Bool) -> Tensor,
      _ definition: @escaping @Sendable ([Double]) -> Double
    ) {
      testDescription = name
      self.ours = ours
      self.definition = definition
    }
  }
  static func mean(_ x: [Double]) -> Double { x.reduce(0, +) / Double(x.count) }
  static func variance(_ x: [Double]) -> Double { mean(x.map { ($0 - mean(x)) * ($0 - mean(x)) }) }
  static let cases = [
    Case("sum", { $0.sum(axes: $1, keepDims: $2) }, { $0.reduce(0, +) }),
    Case("mean", { $0.mean(axes: $1, keepDims: $2) }, mean),
    Case("product", { $0.product(axes: $1, keepDims: $2) }, { $0.reduce(1, *) }),
    Case("max", { $0.max(axes: $1, keepDims: $2) }, { $0.max() ?? .nan }),
    Case("min", { $0.min(axes: $1, keepDims: $2) }, { $0.min() ?? .nan }),
    Case("variance", { $0.variance(axes: $1, keepDims: $2) }, variance),
    Case("deviation", { $0.standardDeviation(axes: $1, keepDims: $2) }, { variance($0).squareRoot() }),
  ]

  /// Groups the elements by their position along the kept axes.
  static func groups(_ x: [Float], _ shape: Shape, _ reduced: [Int]) -> [[Double]] {
    let kept = (0..<shape.rank).filter { !reduced.contains($0) }
    var groups = [[Double]](repeating: [], count: kept.reduce(1) { $0 * shape[$1] })
    for (index, element) in x.enumerated() {
      let place = kept.reduce(0) { $0 * shape[$1] + index / shape.strides[$1] % shape[$1] }
      groups[place].append(Double(element))
    }
    return groups
  }

  @Test(arguments: cases, [[0], [1], [2], [3], [0, 1], [1, 2], [0, 3], [0, 2], [1, 3], [0, 1, 2, 3]])
  func isTheDefinition(reduction: Case, axes: [Int]) {
    let shape: Shape = [2, 3, 4, 3]
    let x = samples(shape, seed: 5, low: 0.5, high: 1.5)
    let expected = Self.groups([Float](x), shape, axes).map(reduction.definition)
    let kept = Shape((0..<4).map { axes.contains($0) ? 1 : shape[$0] })
    let dropped = Shape((0..<4).filter { !axes.contains($0) }.map { shape[$0] })
    #expect(
      mismatch(reduction.ours(x, Axes(axes), true), expected, shape: kept, tolerance: 1e-4) == nil)
    let fromEnd = Axes(axes.map { $0 - 4 })
    #expect(mismatch(reduction.ours(x, fromEnd, false), expected, shape: dropped, tolerance: 1e-4) == nil)
    if axes.count == 4 {
      #expect(mismatch(reduction.ours(x, nil, false), expected, shape: [], tolerance: 1e-4) == nil)
    }
  }

  @Test func positionsOfExtrema() {
    let x = Tensor([[3, 1, 3], [0, 5, 2]])
    #expect(mismatch(x.argmax(axis: 1), integers: [0, 1], shape: [2]) == nil)
    #expect(mismatch(x.argmin(axis: 0), integers: [1, 0, 1], shape: [3]) == nil)
    #expect(mismatch(x.argmax(axis: -1, keepDims: true), integers: [0, 1], shape: [2, 1]) == nil)
    #expect(mismatch(x.argmax(), integers: [4], shape: []) == nil)
    #expect(mismatch(x.argmin(), integers: [3], shape: []) == nil)
  }

  @Test func truth() {
    let x = Tensor([[true, false], [true, true]])
    #expect(mismatch(x.all(axes: 1), [false, true], shape: [2]) == nil)
    #expect(mismatch(x.any(axes: 0), [true, true], shape: [2]) == nil)
    #expect(mismatch(x.all(), [false], shape: []) == nil)
    #expect(mismatch((!x).all(axes: 0, keepDims: true), [false, false], shape: [1, 2]) == nil)
    #expect(mismatch(Tensor([0, 0.5]).any(), [true]) == nil)
    #expect(mismatch(Tensor([0, 0.5]).all(), [false]) == nil)
  }

  @Test func integers() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]] as [[Int32]])
    #expect(mismatch(x.sum(axes: 0), integers: [5, 7, 9]) == nil)
    #expect(mismatch(x.max(axes: 1), integers: [3, 6]) == nil)
    #expect(mismatch(x.product(), integers: [720]) == nil)
    #expect(mismatch(x.mean(axes: 1), [2, 5]) == nil)
    #expect(mismatch(x.variance(axes: 0), [2.25, 2.25, 2.25]) == nil)
    #expect(mismatch(Tensor([16_777_216, 1] as [Int32]).sum(), integers: [16_777_217]) == nil)
    #expect(mismatch(Tensor([200, 100] as [UInt8]).sum(), integers: [300]) == nil)
    #expect(mismatch(Tensor([20, 100] as [UInt8]).product(), integers: [2000]) == nil)
    #expect([UInt8](Tensor([200, 100] as [UInt8]).max()) == [200])
    #expect(mismatch(Tensor([200, 100] as [UInt8]).argmin(), integers: [1]) == nil)
    #expect(mismatch(Tensor([200, 100] as [UInt8]).mean(), [150]) == nil)
    #expect(mismatch(Tensor([true, true, false]).sum(), integers: [2]) == nil)
    #expect(mismatch(Tensor([true, true, false]).max(), [true]) == nil)
    #expect(mismatch(Tensor([false, true, true]).argmax(), integers: [1]) == nil)
  }

  @Test func emptyAndNotANumber() {
    #expect(mismatch(Tensor.zeros([0, 2]).sum(axes: 0), [0, 0], shape: [2]) == nil)
    #expect(mismatch(Tensor.zeros([0, 2]).product(axes: 0), [1, 1], shape: [2]) == nil)
    #expect(mismatch(Tensor.zeros([2, 0]).sum(axes: 0), [] as [Double], shape: [0]) == nil)
    #expect(mismatch(Tensor([1, .nan, 3] as [Float]).max(), [Double.nan]) == nil)
    #expect(mismatch(Tensor([1, .nan, 3] as [Float]).min(), [Double.nan]) == nil)
  }

  @Test func errors() {
    let error = #expect(throws: ShapeError.self) { try compute { Tensor([1]).sum(axes: 1) } }
    #expect(error?.message == "axis 1 is outside the shape 1, which has 1 axes")
    let empty = #expect(throws: ShapeError.self) { try compute { Tensor.zeros([0, 2]).max(axes: 0) } }
    #expect(empty?.message == "maximum needs at least one element; the shape is 0x2")
  }
}
