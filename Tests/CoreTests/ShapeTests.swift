import MartletCore
import Testing

struct ShapeTests {
  @Test(arguments: [[], [7], [2, 3], [4, 1, 5], [2, 3, 4, 5], [1, 2, 3, 4, 5], [3, 0, 2]])
  func sizesCountsAndStrides(sizes: [Int]) {
    let shape = Shape(sizes)
    #expect(shape.rank == sizes.count)
    #expect(shape.sizes == sizes)
    #expect(shape.count == sizes.reduce(1, *))
    #expect(shape.isScalar == sizes.isEmpty)
    for axis in sizes.indices {
      #expect(shape[axis] == sizes[axis])
      #expect(shape[axis - sizes.count] == sizes[axis])
      #expect(shape.strides[axis] == sizes[(axis + 1)...].reduce(1, *))
      #expect(shape.count(of: 0..<axis) == sizes[..<axis].reduce(1, *))
      #expect(shape.removing(axis: axis).sizes == Array(sizes[..<axis]) + Array(sizes[(axis + 1)...]))
      #expect(shape.removing(axis: axis).inserting(sizes[axis], at: axis) == shape)
    }
    #expect(shape.normalized(axis: sizes.count) == nil)
    #expect(shape.normalized(axis: -sizes.count - 1) == nil)
    #expect(shape.normalized(axis: -1) == (sizes.isEmpty ? nil : sizes.count - 1))
  }

  @Test func equalityKnowsTheRank() {
    #expect(Shape([3]) != Shape([3, 1]))
    #expect(Shape([]) != Shape([1]))
    var shape: Shape = [2, 3]
    shape[-1] = 7
    #expect(shape == [2, 7])
  }

  @Test func printsItself() {
    #expect("\(Shape([28, 28, 1]))" == "28x28x1")
    #expect("\(Shape([]))" == "scalar")
  }

  /// NumPy's rule, axis by axis from the end.
  @Test func broadcasting() {
    let sizes = [[], [1], [3], [1, 3], [2, 1], [2, 3], [4, 2, 3], [4, 1, 1], [5], [1, 1, 1, 1, 1]]
    for a in sizes {
      for b in sizes {
        var expected: [Int]? = []
        for place in 1...max(1, max(a.count, b.count)) where place <= max(a.count, b.count) {
          let x = place <= a.count ? a[a.count - place] : 1
          let y = place <= b.count ? b[b.count - place] : 1
          expected = x == y || x == 1 || y == 1 ? expected.map { [x == 1 ? y : x] + $0 } : nil
        }
        #expect(Shape(a).broadcast(with: Shape(b)) == expected.map { Shape($0) }, "\(a) and \(b)")
      }
    }
  }

  @Test func hostArraysHoldTheirValues() {
    let array = HostArray([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    #expect(array.values() == [1, 2, 3, 4, 5, 6] as [Float])
    #expect(array.dtype == .float32)
    #expect(array.bytes.count == 24)
    #expect(array.reshaped([3, 2]).values() == [1, 2, 3, 4, 5, 6] as [Float])
    #expect(array.reshaped([3, 2]) != array)
    #expect(HostArray([] as [Int32]).values() == [] as [Int32])
    #expect(HostArray([true, false]).values() == [true, false])
  }

  /// Swift 6.3 corrupts structures with long vectors in them here, where nothing is optimised.
  @Test func arraysPassThroughAsyncFunctions() async {
    @Sendable func pass(_ array: HostArray, _ depth: Int) async -> HostArray {
      guard depth > 0 else { return array }
      await Task.yield()
      return await pass(array, depth - 1)
    }
    let array = HostArray([1, 2, 3] as [UInt8], shape: [1, 1, 1, 1, 3])
    let closure: @Sendable (HostArray) async -> HostArray = { await pass($0, 3) }
    #expect(await closure(array) == array)
    #expect(await Task { await pass(array, 3) }.value == array)
  }

  @Test func typesPromoteTowardsFloat() {
    #expect(DType.bool.promoted(with: .uint8) == .uint8)
    #expect(DType.int32.promoted(with: .uint8) == .int32)
    #expect(DType.int32.promoted(with: .float32) == .float32)
  }

  @Test func errorsPrintLayerAndSite() {
    #expect("\(ShapeError("no"))" == "no")
    #expect(
      "\(ShapeError("no", layer: "layers.3 (Conv2D)", site: "Main.swift:5"))"
        == "layers.3 (Conv2D): no (Main.swift:5)")
    #expect("\(DeviceError("no memory", device: "cpu"))" == "cpu: no memory")
  }
}
