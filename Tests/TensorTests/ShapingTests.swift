import MartletTestSupport
import Testing

struct ShapingTests {
  let x = Tensor([[1, 2, 3], [4, 5, 6]])

  @Test func reshaping() {
    #expect(mismatch(x.reshaped(3, 2), [1, 2, 3, 4, 5, 6], shape: [3, 2]) == nil)
    #expect(x.reshaped(-1).shape == [6])
    #expect(x.reshaped([1, -1, 2]).shape == [1, 3, 2])
    #expect(x.reshaped([6, 1, 1, 1]).flattened().shape == [6])
    #expect(x.reshaped(1, 2, 3).flattened(from: 1).shape == [1, 6])
    #expect(x.reshaped(1, 2, 3).flattened(from: -2).shape == [1, 6])
    #expect(x.expandedDims(at: 0).shape == [1, 2, 3])
    #expect(x.expandedDims(at: -1).shape == [2, 3, 1])
    #expect(x.reshaped(1, 2, 1, 3).squeezed().shape == [2, 3])
    #expect(x.reshaped(1, 2, 1, 3).squeezed(axis: -2).shape == [1, 2, 3])
    #expect(Tensor(7).reshaped(1, 1).shape == [1, 1])
    #expect(mismatch(Tensor([5]).reshaped([]), [5], shape: []) == nil)
  }

  @Test func transposing() {
    #expect(mismatch(x.transposed(), [1, 4, 2, 5, 3, 6], shape: [3, 2]) == nil)
    let y = Tensor((0..<6).map(Float.init), shape: [1, 2, 3]).transposed(2, 0, 1)
    #expect(mismatch(y, [0, 3, 1, 4, 2, 5], shape: [3, 1, 2]) == nil)
    #expect(x.expandedDims(at: 0).transposed(0, -1, -2).shape == [1, 3, 2])
    #expect([UInt8](Tensor([[1, 2], [3, 4]] as [[UInt8]]).transposed()) == [1, 3, 2, 4])
  }

  @Test func joining() {
    let row = Tensor([[7, 8, 9]])
    #expect(mismatch(Tensor.concatenated([x, row]), [1, 2, 3, 4, 5, 6, 7, 8, 9], shape: [3, 3]) == nil)
    let sides = Tensor.concatenated([x, Tensor([[0], [1]])], axis: -1)
    #expect(mismatch(sides, [1, 2, 3, 0, 4, 5, 6, 1], shape: [2, 4]) == nil)
    #expect(mismatch(Tensor.stacked([x[0], x[1]], axis: 1), [1, 4, 2, 5, 3, 6], shape: [3, 2]) == nil)
    #expect(mismatch(Tensor.stacked([x[0], x[0]]), [1, 2, 3, 1, 2, 3], shape: [2, 3]) == nil)
    #expect(mismatch(Tensor.stacked([x[0], x[1]], axis: -1), [1, 4, 2, 5, 3, 6], shape: [3, 2]) == nil)
    #expect(
      mismatch(Tensor.concatenated([x, Tensor.zeros([0, 3])]), [1, 2, 3, 4, 5, 6], shape: [2, 3]) == nil)
    let bytes = Tensor([1, 2] as [UInt8])
    #expect([UInt8](Tensor.concatenated([bytes, bytes])) == [1, 2, 1, 2])
  }

  @Test func splitting() {
    let parts = x.split(into: 3, axis: 1)
    #expect(parts.map(\.shape) == [[2, 1], [2, 1], [2, 1]])
    #expect(mismatch(parts[2], [3, 6]) == nil)
    let uneven = x.split(sizes: [1, 2], axis: -1)
    #expect(mismatch(uneven[1], [2, 3, 5, 6], shape: [2, 2]) == nil)
  }

  @Test func padding() {
    let y = Tensor([[1, 2]]).padded([.init(1, 0), .init(2, 1)], value: 9)
    #expect(mismatch(y, [9, 9, 9, 9, 9, 9, 9, 1, 2, 9], shape: [2, 5]) == nil)
    let integers = Tensor([5] as [Int32]).padded([.init(1, 1)], value: -1)
    #expect(mismatch(integers, integers: [-1, 5, -1]) == nil)
    #expect([UInt8](Tensor([5] as [UInt8]).padded([.init(1, 0)], value: 7)) == [7, 5])
  }

  @Test func repeating() {
    #expect(mismatch(Tensor([[1, 2]]).tiled([2, 2]), [1, 2, 1, 2, 1, 2, 1, 2], shape: [2, 4]) == nil)
    #expect(mismatch(x.tiled([1, 0]), [] as [Double], shape: [2, 0]) == nil)
    #expect(mismatch(x.repeated(2, axis: 1), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], shape: [2, 6]) == nil)
    #expect(mismatch(x.repeated(2, axis: 0)[1], [1, 2, 3], shape: [3]) == nil)
    #expect(mismatch(Tensor([1, 2]).broadcast(to: [2, 2]), [1, 2, 1, 2], shape: [2, 2]) == nil)
    #expect(mismatch(Tensor([[1], [2]]).broadcast(to: [2, 3]), [1, 1, 1, 2, 2, 2], shape: [2, 3]) == nil)
    #expect(mismatch(Tensor(3).broadcast(to: [2]), [3, 3], shape: [2]) == nil)
  }

  @Test func flipping() {
    #expect(mismatch(x.flipped(), [6, 5, 4, 3, 2, 1], shape: [2, 3]) == nil)
    #expect(mismatch(x.flipped(axes: 0), [4, 5, 6, 1, 2, 3]) == nil)
    #expect(mismatch(x.flipped(axes: [-1]), [3, 2, 1, 6, 5, 4]) == nil)
  }

  @Test(arguments: [
    (0, "2x3 has 6 elements and cannot be reshaped to [4, -1]"),
    (1, "2x3 has 6 elements and cannot be reshaped to [-1, -1]"),
    (2, "an order of axes names each of 0 ..< 2 once; received [0, 0]"),
    (3, "concatenation along axis 0 needs equal types and sizes elsewhere; received 2x3 float32, 3 float32"),
    (4, "axis 1 of 2x3 does not split into 2 equal parts"),
    (5, "the parts [1, 1] do not add up to axis 1 of 2x3"),
    (6, "2x3 does not broadcast to 3x3"),
    (7, "padding 2x3 needs 2 pairs of counts; received [(1, 1)]"),
    (8, "only axes of size 1 can be squeezed; axis 0 of 2x3 is not one"),
    (9, "axis 2 is outside the shape 2x3"),
  ])
  func errors(index: Int, message: String) {
    let error = #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        switch index {
        case 0: x.reshaped(4, -1)
        case 1: x.reshaped(-1, -1)
        case 2: x.transposed(0, 0)
        case 3: Tensor.concatenated([x, x[0]])
        case 4: x.split(into: 2, axis: 1)[1]
        case 5: x.split(sizes: [1, 1], axis: 1)[1]
        case 6: x.broadcast(to: [3, 3])
        case 7: x.padded([.init(1, 1)])
        case 8: x.squeezed(axis: 0)
        default: x.flipped(axes: 2)
        }
      }
    }
    #expect(error?.message == message)
    #expect(error?.site?.hasPrefix("TensorTests/ShapingTests.swift:") == true)
  }
}
