import MartletCore
import Testing

struct PoolingTests {
  /// Positions counted by sliding the window, for every padding.
  @Test func sizesFollowTheDefinition() throws {
    for size in 1...9 {
      for window in 1...4 {
        for stride in 1...3 {
          let valid = Pooling(.max, poolSize: Spatial([window]), strides: Spatial([stride]))
          let positions = (0..<size).count { $0 * stride + window <= size }
          if positions == 0 {
            #expect(throws: ShapeError.self) { try valid.geometry(input: [1, size, 1]) }
          } else {
            let geometry = try valid.geometry(input: [3, size, 2])
            #expect(geometry.outputShape == [3, positions, 2])
            #expect(geometry.inputShape == [3, size, 2])
            #expect(geometry.paddingBefore == Extent(repeating: 0))
          }
          let same = Pooling(
            .average, poolSize: Spatial([window]), strides: Spatial([stride]), padding: .same)
          let geometry = try same.geometry(input: [1, size, 1])
          #expect(geometry.output.width == (size + stride - 1) / stride)
          // Every window sees at least one element of the input.
          for position in 0..<geometry.output.width {
            let first = position * stride - geometry.paddingBefore.width
            #expect(first < size && first + window > 0, "\(size) \(window) \(stride)")
          }
        }
      }
    }
  }

  @Test func stridesAreThePoolSizeUnlessGiven() throws {
    let pooling = Pooling(.max, poolSize: [2, 3])
    #expect(pooling.strides == [2, 3])
    let geometry = try pooling.geometry(input: [2, 8, 9, 4])
    #expect(geometry.outputShape == [2, 4, 3, 4])
    #expect(geometry.window == Extent(1, 2, 3) && geometry.strides == Extent(1, 2, 3))
  }

  @Test func errorTexts() {
    func text(_ pooling: Pooling, _ input: Shape) -> String {
      do {
        _ = try pooling.geometry(input: input)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      text(Pooling(.max, poolSize: 2), [1, 1, 4, 1])
        == "pool size 2 does not fit input 1x4 with padding .valid; the smallest input is 2x2, or use padding: .same"
    )
    #expect(
      text(Pooling(.max, poolSize: [2, 2], strides: 1), [1, 4, 1])
        == "pool size [2, 2] does not fit 1 spatial axes")
    #expect(
      text(Pooling(.max, poolSize: 0), [1, 4, 1])
        == "pool size, strides and dilation rate must be positive; received [0], [0], [1]")
  }
}
