import MartletTestSupport
import Testing

struct MatmulTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let a: Shape
    let b: Shape
    let result: Shape
    var testDescription: String { "\(a) · \(b)" }
  }
  static let cases = [
    Case(a: [2, 3], b: [3, 4], result: [2, 4]),
    Case(a: [3], b: [3], result: []),
    Case(a: [3], b: [3, 2], result: [2]),
    Case(a: [2, 3], b: [3], result: [2]),
    Case(a: [5, 2, 3], b: [5, 3, 4], result: [5, 2, 4]),
    Case(a: [5, 2, 3], b: [3, 4], result: [5, 2, 4]),
    Case(a: [2, 3], b: [5, 3, 4], result: [5, 2, 4]),
    Case(a: [3], b: [5, 3, 4], result: [5, 4]),
    Case(a: [5, 2, 3], b: [3], result: [5, 2]),
    Case(a: [2, 1, 2, 3], b: [4, 3, 2], result: [2, 4, 2, 2]),
    Case(a: [1, 2, 3], b: [4, 3, 2], result: [4, 2, 2]),
    Case(a: [4, 2, 3], b: [1, 3, 2], result: [4, 2, 2]),
    Case(a: [2, 0], b: [0, 3], result: [2, 3]),
    Case(a: [0, 2], b: [2, 3], result: [0, 3]),
    Case(a: [1, 1], b: [1, 1], result: [1, 1]),
    Case(a: [7, 33], b: [33, 65], result: [7, 65]),
  ]

  @Test(arguments: cases) func isTheDefinition(product: Case) {
    let a = samples(product.a, seed: 1)
    let b = samples(product.b, seed: 2)
    let y = a.matmul(b)
    #expect(mismatch(y, definition(a, b), shape: product.result, tolerance: 1e-5) == nil)
  }

  /// A loop over batches, rows and columns, with broadcast batch axes.
  private func definition(_ a: Tensor, _ b: Tensor) -> [Double] {
    let aShape = a.rank == 1 ? [1] + a.shape.sizes : a.shape.sizes
    let bShape = b.rank == 1 ? b.shape.sizes + [1] : b.shape.sizes
    let (m, k, n) = (aShape[aShape.count - 2], aShape[aShape.count - 1], bShape[bShape.count - 1])
    let left = Shape(aShape.dropLast(2))
    let right = Shape(bShape.dropLast(2))
    let batch = left.broadcast(with: right)!
    func offset(_ shape: Shape, _ index: Int) -> Int {
      var place = 0
      for axis in 0..<shape.rank {
        let own = axis + batch.rank - shape.rank
        let position = index / batch.strides[own] % batch[own]
        place += (shape[axis] == 1 ? 0 : position) * shape.strides[axis]
      }
      return place
    }
    let x = [Float](a).map(Double.init)
    let w = [Float](b).map(Double.init)
    var result: [Double] = []
    for index in 0..<batch.count {
      let (p, q) = (offset(left, index) * m * k, offset(right, index) * k * n)
      for row in 0..<m {
        for column in 0..<n {
          result.append((0..<k).reduce(0) { $0 + x[p + row * k + $1] * w[q + $1 * n + column] })
        }
      }
    }
    return result
  }

  @Test func wholeNumbersAreCastFirst() {
    let error = #expect(throws: ShapeError.self) {
      try compute { Tensor([[1, 2]] as [[Int32]]).matmul(Tensor([[1], [2]])) }
    }
    #expect(
      error?.message == "matmul needs float32 elements; received int32. Cast them with cast(to: .float32)")
  }

  @Test(arguments: [
    (0, "matmul needs as many columns on the left as rows on the right; received 2x3 and 2x3"),
    (1, "matmul needs arrays of at least one axis; received scalars"),
    (2, "the batch axes of 2x1x3 and 3x3x1 do not broadcast"),
  ])
  func errors(index: Int, message: String) {
    let error = #expect(throws: ShapeError.self) {
      try compute { () -> Tensor in
        switch index {
        case 0: Tensor.zeros([2, 3]).matmul(Tensor.zeros([2, 3]))
        case 1: Tensor(1).matmul(Tensor.zeros([2, 3]))
        default: Tensor.zeros([2, 1, 3]).matmul(Tensor.zeros([3, 3, 1]))
        }
      }
    }
    #expect(error?.message == message)
    #expect(error?.site?.hasPrefix("TensorTests/MatmulTests.swift:") == true)
  }
}
