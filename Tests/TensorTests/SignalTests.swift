import MartletTestSupport
import Testing

struct SignalTests {
  /// y[n] = Σ_t a[t] * b[n - t] at every place where there is anything to add up.
  private func full(_ a: Tensor, _ b: Tensor) -> (sizes: [Int], elements: [Double]) {
    let sizes = zip(a.shape.sizes, b.shape.sizes).map { $0 + $1 - 1 }
    var y = [Double](repeating: 0, count: sizes.reduce(1, *))
    let (first, second) = ([Float](a), [Float](b))
    for (s, p) in positions(a.shape.sizes).enumerated() {
      for (t, q) in positions(b.shape.sizes).enumerated() {
        var place = 0
        for axis in sizes.indices { place = place * sizes[axis] + p[axis] + q[axis] }
        y[place] += Double(first[s]) * Double(second[t])
      }
    }
    return (sizes, y)
  }

  private func positions(_ sizes: [Int]) -> [[Int]] {
    sizes.reduce([[]]) { positions, size in
      positions.flatMap { position in (0..<size).map { position + [$0] } }
    }
  }

  /// A part of an array.
  private func part(_ whole: (sizes: [Int], elements: [Double]), _ start: [Int], _ count: [Int]) -> [Double] {
    positions(count).map { place in
      var index = 0
      for axis in whole.sizes.indices { index = index * whole.sizes[axis] + place[axis] + start[axis] }
      return whole.elements[index]
    }
  }

  static let sizes: [([Int], [Int])] = [
    ([7], [3]), ([6], [4]), ([3], [8]), ([1], [1]), ([5, 4], [3, 2]), ([2, 3], [4, 3]),
    ([3, 4, 2], [2, 1, 2]),
  ]

  @Test(arguments: sizes) func everyModeIsAPartOfTheSums(_ a: [Int], _ b: [Int]) {
    let (first, second) = (samples(Shape(a), seed: 1), samples(Shape(b), seed: 2))
    for (y, kernel) in [(convolve, second), (correlate, second.flipped())] {
      let whole = full(first, kernel)
      #expect(
        mismatch(y(first, second, .full, #fileID, #line), whole.elements, shape: Shape(whole.sizes)) == nil)
      let middle = part(whole, b.map { ($0 - 1) / 2 }, a)
      #expect(mismatch(y(first, second, .same, #fileID, #line), middle, shape: Shape(a)) == nil)
      let inner = zip(a, b).map { abs($0 - $1) + 1 }
      let valid = part(whole, zip(a, b).map { min($0, $1) - 1 }, inner)
      #expect(mismatch(y(first, second, .valid, #fileID, #line), valid, shape: Shape(inner)) == nil)
    }
  }

  @Test(arguments: [SignalMode.full, .valid, .same]) func gradients(mode: SignalMode) throws {
    let signals = [samples([5, 4], seed: 1), samples([3, 2], seed: 2)]
    for function in [convolve, correlate] {
      let check = try checkGradients(at: signals) { function($0[0], $0[1], mode, #fileID, #line) }
      #expect(check.isCorrect, "\(check)")
    }
  }

  @Test func signalsThatDoNotFitAreRefused() throws {
    let error = #expect(throws: ShapeError.self) {
      try compute { convolve(Tensor.zeros([3, 5]), Tensor.zeros([4, 2]), mode: .valid) }
    }
    #expect(
      error?.message
        == "mode .valid needs one signal to be at least as large as the other along every axis; received 3x5 and 4x2"
    )
    let ranks = #expect(throws: ShapeError.self) {
      try compute { correlate(Tensor.zeros([3]), Tensor.zeros([4, 2])) }
    }
    #expect(
      ranks?.message == "signals have one to three axes, both as many, and no empty ones; received 3 and 4x2")
  }
}
