import MartletCore
import MartletKernelTable

/// A product with its operands in memory, and the kernels for it: what every way to compute it starts from.
struct ProductOperands {
  let product: GEMM
  let epilogue: ResolvedEpilogue
  let kernels: MatrixKernels
  private let a: UnsafePointer<Float>
  private let b: UnsafePointer<Float>
  private let c: UnsafeMutablePointer<Float>

  init(_ product: GEMM, _ epilogue: Epilogue, _ kernels: MatrixKernels, inputs: [Operand], output: Operand) {
    self.product = product
    self.epilogue = ResolvedEpilogue(epilogue, inputs)
    self.kernels = kernels
    a = UnsafePointer(inputs[0].floats)
    b = UnsafePointer(inputs[1].floats)
    c = output.floats
  }

  /// Matrices of the batch.
  func a(_ matrix: Int) -> UnsafePointer<Float> {
    a + (product.sharesA ? 0 : matrix * product.m * product.k)
  }
  func b(_ matrix: Int) -> UnsafePointer<Float> {
    b + (product.sharesB ? 0 : matrix * product.k * product.n)
  }
  func c(_ matrix: Int) -> UnsafeMutablePointer<Float> { c + matrix * resultCount }

  /// Elements of one matrix of c.
  var resultCount: Int { product.m * product.n }

  /// Some columns of one matrix of c that hold sums already: what happens to results on their way.
  func finish(_ columns: Range<Int>, of matrix: Int) {
    guard !epilogue.isEmpty else { return }
    let strips = Strips(columns: columns.count, kernels)
    let block = MatrixKernels.blockRows
    withUnsafeTemporaryAllocation(of: Int.self, capacity: block) { offsets in
      for first in stride(from: 0, to: product.m, by: block) {
        let rows = min(block, product.m - first)
        for m in 0..<rows { offsets[m] = (first + m) * product.n }
        for strip in strips.all {
          let column = columns.lowerBound + strip.first
          var result = TileResult(
            c: c(matrix) + column, offsets: UnsafePointer(offsets.baseAddress!), columns: strip.columns)
          epilogue.apply(to: &result, column: column, element: matrix * resultCount + column)
          strip.tile.finishBlock(rows: rows, result)
        }
      }
    }
  }
}
