import MartletTestSupport
import Testing

struct GatherTests {
  let x = Tensor([[1, 2, 3], [4, 5, 6]])

  @Test func takesRowsAndColumns() {
    #expect(
      mismatch(x.gathered(Tensor([1, 0, 1] as [Int32])), [4, 5, 6, 1, 2, 3, 4, 5, 6], shape: [3, 3]) == nil)
    #expect(mismatch(x.gathered(Tensor([2, 0] as [Int32]), axis: 1), [3, 1, 6, 4], shape: [2, 2]) == nil)
    #expect(mismatch(x.gathered(Tensor([2] as [UInt8]), axis: -1), [3, 6], shape: [2, 1]) == nil)
    let square = Tensor([[0, 1], [1, 0]] as [[Int32]])
    #expect(mismatch(Tensor([7, 8]).gathered(square), [7, 8, 8, 7], shape: [2, 2]) == nil)
    #expect(mismatch(x.gathered(Tensor(1 as Int32)), [4, 5, 6], shape: [3]) == nil)
    #expect(mismatch(Tensor.range(5).gathered(Tensor([4, 2] as [Int32])), integers: [4, 2]) == nil)
    #expect([UInt8](Tensor([9, 8] as [UInt8]).gathered(Tensor([1] as [Int32]))) == [8])
  }

  @Test func outsideTheAxisAreZeros() {
    #expect(mismatch(Tensor([7, 8]).gathered(Tensor([-1, 2, 1] as [Int32])), [0, 0, 8]) == nil)
  }

  @Test func alongTheLastAxis() {
    let indices = Tensor([[2, 2], [0, 1]] as [[Int32]])
    #expect(mismatch(x.gathered(alongLastAxis: indices), [3, 3, 4, 5], shape: [2, 2]) == nil)
  }

  @Test func oneHot() {
    let labels = Tensor([2, 0, 5] as [Int32])
    #expect(mismatch(labels.oneHot(3), [0, 0, 1, 1, 0, 0, 0, 0, 0], shape: [3, 3]) == nil)
    #expect(
      mismatch(Tensor([1] as [UInt8]).oneHot(2, dtype: .int32), integers: [0, 1], shape: [1, 2]) == nil)
  }

  @Test func topK() {
    let (values, indices) = Tensor([[3, 9, 9, 1], [0, -1, -2, 5]]).topK(3)
    #expect(mismatch(values, [9, 9, 3, 5, 0, -1], shape: [2, 3]) == nil)
    #expect(mismatch(indices, integers: [1, 2, 0, 3, 0, 1], shape: [2, 3]) == nil)
  }

  @Test func errors() {
    let first = #expect(throws: ShapeError.self) { try compute { x.gathered(Tensor([0.5])) } }
    #expect(
      first?.message
        == "gather needs an axis of 2x3 and whole-number indices; received axis 0 and 1 float32")
    let second = #expect(throws: ShapeError.self) { try compute { x.topK(4).values } }
    #expect(second?.message == "top 4 of 2x3 float32: k must be in 1 ... 3 and the elements float32")
  }
}
