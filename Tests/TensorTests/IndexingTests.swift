import MartletTestSupport
import Testing

/// Expected values are those of NumPy for `x = arange(24).reshape(2, 3, 4)`.
struct IndexingTests {
  let x = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])

  @Test func positions() {
    let x = self.x
    #expect(mismatch(x[1, 2, 3], [23], shape: []) == nil)
    #expect(mismatch(x[-1, -1, -1], [23], shape: []) == nil)
    #expect(mismatch(x[1, 2], [20, 21, 22, 23], shape: [4]) == nil)
    #expect(mismatch(x[1], (12..<24).map(Double.init), shape: [3, 4]) == nil)
    let i = 1
    #expect(mismatch(x[i, i], [16, 17, 18, 19], shape: [4]) == nil)
  }

  @Test func ranges() {
    let x = self.x
    #expect(mismatch(x[0, 1..<3], [4, 5, 6, 7, 8, 9, 10, 11], shape: [2, 4]) == nil)
    #expect(mismatch(x[0, 1...1, 2...], [6, 7], shape: [1, 2]) == nil)
    #expect(mismatch(x[0, ..<1], [0, 1, 2, 3], shape: [1, 4]) == nil)
    #expect(mismatch(x[.all, 0..<1, 3], [3, 15], shape: [2, 1]) == nil)
    #expect(mismatch(x[1, .range(-2), 0], [16, 20], shape: [2]) == nil)
    #expect(mismatch(x[1, .range(nil, -1), 0], [12, 16], shape: [2]) == nil)
    #expect(mismatch(x[0, 0, .range(1, 99)], [1, 2, 3], shape: [3]) == nil)
    #expect(mismatch(x[0, 0, .range(3, 1)], [] as [Double], shape: [0]) == nil)
  }

  @Test func steps() {
    let x = self.x
    #expect(mismatch(x[0, 0, .range(step: 2)], [0, 2], shape: [2]) == nil)
    #expect(mismatch(x[0, 0, .range(1, step: 2)], [1, 3], shape: [2]) == nil)
    #expect(mismatch(x[0, 0, .range(step: -1)], [3, 2, 1, 0], shape: [4]) == nil)
    #expect(mismatch(x[0, 0, .range(2, 0, step: -1)], [2, 1], shape: [2]) == nil)
    #expect(mismatch(x[0, 0, .range(-1, -4, step: -2)], [3, 1], shape: [2]) == nil)
    #expect(mismatch(x[0, 0, .range(99, nil, step: -3)], [3, 0], shape: [2]) == nil)
    #expect(mismatch(x[0, 0, .range(-99, nil, step: -1)], [] as [Double], shape: [0]) == nil)
    #expect(
      mismatch(x[.rest, 0, .range(step: -3)], [3, 0, 15, 12], shape: [2, 2]) == nil)
  }

  @Test func newAxesAndTheRest() {
    let x = self.x
    #expect(x[.newAxis].shape == [1, 2, 3, 4])
    #expect(x[.rest, .newAxis].shape == [2, 3, 4, 1])
    #expect(x[.all, .newAxis, 0].shape == [2, 1, 4])
    #expect(mismatch(x[.rest, 3], [3, 7, 11, 15, 19, 23], shape: [2, 3]) == nil)
    #expect(mismatch(x[1, .rest, 0], [12, 16, 20], shape: [3]) == nil)
    #expect(x[0, 0, 0, .rest].shape == [])
    #expect(x[.rest].shape == [2, 3, 4])
  }

  @Test func theDocumentedExamples() {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect("\(x[1])" == "[4, 5, 6]")
    #expect("\(x[.all, 0..<2])" == "[[1, 2],\n [4, 5]]")
    #expect("\(x[.rest, .range(step: -1)])" == "[[3, 2, 1],\n [6, 5, 4]]")
  }

  @Test func otherTypes() {
    #expect([UInt8](Tensor([1, 2, 3, 4, 5] as [UInt8])[.range(step: -2)]) == [5, 3, 1])
    #expect([Bool](Tensor([true, false, false])[1...]) == [false, false])
    #expect([Int32](Tensor.range(6)[.range(1, 5, step: 3)]) == [1, 4])
  }

  @Test func slicesOfAnAxis() {
    #expect(mismatch(self.x.sliced(axis: -1, 1..<2)[0], [1, 5, 9], shape: [3, 1]) == nil)
  }

  @Test(arguments: [
    (0, "index 5 is outside axis 1 of 2x3x4"),
    (1, "index -3 is outside axis 0 of 2x3x4"),
    (2, "4 indices for 2x3x4, which has 3 axes"),
    (3, "the slice 2..<9 is outside axis 2 of 2x3x4"),
    (4, "the result would have 6 axes"),
  ])
  func errors(index: Int, message: String) {
    let x = self.x
    let error = #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        switch index {
        case 0: x[0, 5]
        case 1: x[-3]
        case 2: x[0, 0, 0, 0]
        case 3: x.sliced(axis: 2, 2..<9)
        default: x[.newAxis, .newAxis, .newAxis]
        }
      }
    }
    #expect(error?.message == message)
    #expect(error?.site?.hasPrefix("TensorTests/IndexingTests.swift:") == true)
  }
}
