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
    self.init(
      product, ResolvedEpilogue(epilogue, inputs), kernels, a: UnsafePointer(inputs[0].floats),
      b: UnsafePointer(inputs[1].floats), c: output.floats)
  }

  private init(
    _ product: GEMM, _ epilogue: ResolvedEpilogue, _ kernels: MatrixKernels, a: UnsafePointer<Float>,
    b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
  ) {
    self.product = product.withoutNeedlessTransposes
    self.epilogue = epilogue
    self.kernels = kernels
    self.a = a
    self.b = b
    self.c = c
  }

  /// A product of one column as one of one row, cᵀ = bᵀ · aᵀ, without what happens to results on their way: for a column
  /// leaves all lanes of a vector but one empty.
  var turned: ProductOperands {
    let turned = GEMM(
      m: 1, n: product.m, k: product.k, transposeB: !product.transposeA, batch: product.batch,
      sharesA: product.sharesB, sharesB: product.sharesA)
    return ProductOperands(turned, ResolvedEpilogue(.none, []), kernels, a: b, b: a, c: c)
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

  /// Does what happens to results on their way, for those of one matrix that are sums already.
  func finish(_ rows: Range<Int>, _ columns: Range<Int>, of matrix: Int) {
    guard !epilogue.isEmpty else { return }
    let strips = Strips(columns: columns.count, kernels)
    let block = MatrixKernels.blockRows
    withUnsafeTemporaryAllocation(of: Int.self, capacity: block) { offsets in
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
        let count = min(block, rows.upperBound - first)
        for m in 0..<count { offsets[m] = (first + m) * product.n }
        for strip in strips.all {
          let column = columns.lowerBound + strip.first
          var result = TileResult(
            c: c(matrix) + column, offsets: UnsafePointer(offsets.baseAddress!), columns: strip.columns)
          epilogue.apply(to: &result, column: column, element: matrix * resultCount + column)
          strip.tile.finishBlock(rows: count, result)
        }
      }
    }
  }
}

extension GEMM {
  /// A matrix of one row or one column lies in memory as its transpose does. Two vectors are multiplied along k.
  fileprivate var withoutNeedlessTransposes: GEMM {
    var product = self
    if m == 1 || k == 1 { product.transposeA = false }
    if n == 1 || k == 1 { product.transposeB = m == 1 && k >= 64 }
    return product
  }
}
