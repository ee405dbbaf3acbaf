import MartletTestSupport
import Testing

struct PoolingTests {
  let table = Tensor([[1, 3, 2, 9], [5, 6, 4, 1], [3, 0, 7, 2], [1, 2, 0, 4]]).reshaped(1, 4, 4, 1)

  @Test func maxima() {
    let (values, positions) = table.maxPooledWithPositions(2)
    #expect(mismatch(values, [6, 9, 3, 7], shape: [1, 2, 2, 1]) == nil)
    #expect(mismatch(positions, integers: [5, 3, 8, 10], shape: [1, 2, 2, 1]) == nil)
    #expect(mismatch(table.maxPooled(2), [6, 9, 3, 7]) == nil)
    #expect(mismatch(table.maxPooled(3, strides: 1), [7, 9, 7, 7], shape: [1, 2, 2, 1]) == nil)
    #expect(mismatch(table.maxPooled(3, padding: .same), [6, 9, 3, 7], shape: [1, 2, 2, 1]) == nil)
    #expect(mismatch(table.maxPooled([1, 2]), [3, 9, 6, 4, 3, 7, 2, 4], shape: [1, 4, 2, 1]) == nil)
  }

  @Test func means() {
    #expect(mismatch(table.averagePooled(2), [3.75, 4, 1.5, 3.25], shape: [1, 2, 2, 1]) == nil)
    let two = Tensor([[1, 2], [3, 4]]).reshaped(1, 2, 2, 1)
    let padding = Padding.explicit([Padding.Sides(1, 0)])
    #expect(mismatch(two.averagePooled(2, strides: 1, padding: padding), [1, 1.5, 2, 2.5]) == nil)
    let counted = two.averagePooled(2, strides: 1, padding: padding, countsPadding: true)
    #expect(mismatch(counted, [0.25, 0.75, 1, 2.5]) == nil)
  }

  @Test func otherRanks() {
    let line = Tensor([1, 5, 2, 4]).reshaped(1, 4, 1)
    #expect(mismatch(line.maxPooled(2), [5, 4], shape: [1, 2, 1]) == nil)
    let cube = Tensor((0..<8).map(Float.init), shape: [1, 2, 2, 2, 1])
    #expect(mismatch(cube.maxPooled(2), [7], shape: [1, 1, 1, 1, 1]) == nil)
    #expect(mismatch(cube.averagePooled(2), [3.5], shape: [1, 1, 1, 1, 1]) == nil)
  }

  @Test func unpooling() {
    let (values, positions) = table.maxPooledWithPositions(2)
    let back = values.unpooled(positions, to: table.shape, poolSize: 2)
    #expect(mismatch(back, [0, 0, 0, 9, 0, 6, 0, 0, 3, 0, 7, 0, 0, 0, 0, 0], shape: [1, 4, 4, 1]) == nil)
  }

  @Test func errors() {
    let first = #expect(throws: ShapeError.self) { try compute { table.maxPooled(5) } }
    #expect(
      first?.message
        == "pool size 5 does not fit input 4x4 with padding .valid; the smallest input is 5x5, or use padding: .same"
    )
    let second = #expect(throws: ShapeError.self) { try compute { table[0, 0].maxPooled(2) } }
    #expect(
      second?.message
        == "the input needs a batch axis, one to three spatial axes and channels; received 2 axes")
  }
}
