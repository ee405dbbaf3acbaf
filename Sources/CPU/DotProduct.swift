import MartletCore
import MartletKernelTable

/// A product of few rows: c = activation(a · bᵀ + bias + residual) with b stored transposed, as the gradient of a dense
/// layer's input has it. Few rows do not repay the packing of b, so columns of it are multiplied with the rows where
/// they stand, along k. Jobs are runs of columns.
struct DotProduct {
  let product: GEMM
  let a: UnsafePointer<Float>
  let b: UnsafePointer<Float>
  let c: UnsafeMutablePointer<Float>
  let epilogue: ResolvedEpilogue
  private let columnParts: Parts
  private let kernels: MatrixKernels

  /// Both factors lie along k, far enough to repay folding m vectors of sums into numbers for each column. From five
  /// rows on, the packing of b costs less than that and the vectors of a that are read again.
  static func suits(_ product: GEMM) -> Bool {
    product.transposeB && (!product.transposeA || product.m == 1)
      && product.m <= 4 && product.k >= 64 * product.m
  }

  init(
    _ product: GEMM, a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>,
    epilogue: ResolvedEpilogue, kernels: MatrixKernels
  ) {
    self.product = product
    self.a = a
    self.b = b
    self.c = c
    self.epilogue = epilogue
    self.kernels = kernels
    // A job below a quarter of a million multiply-adds costs more to hand out than it saves.
    columnParts = Parts(
      product.n, unit: kernels.wide.width, smallest: (1 << 18) / (product.m * product.k), limit: 64)
  }

  func run(on device: CPUDevice) {
    device.parallel(product.batch * columnParts.count) { (job: Int) in
      multiply(columnParts[job % columnParts.count], matrix: job / columnParts.count)
    }
  }

  private func multiply(_ columns: Range<Int>, matrix: Int) {
    let first = matrix * product.m * product.n + columns.lowerBound
    let source = DotSource(
      a: a + (product.sharesA ? 0 : matrix * product.m * product.k), aStride: product.k,
      b: b + (product.sharesB ? 0 : matrix * product.n * product.k) + columns.lowerBound * product.k,
      bStride: product.k, c: c + first, cStride: product.n, depth: product.k)
    withUnsafePointer(to: source) { kernels.dotProducts(product.m, columns.count, $0) }
    if !epilogue.isEmpty { finish(columns, first) }
  }

  /// What happens to results on their way, while they are in the first cache.
  private func finish(_ columns: Range<Int>, _ first: Int) {
    let strips = Strips(columns: columns.count, kernels)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: MatrixKernels.blockRows) { offsets in
      for m in 0..<product.m { offsets[m] = m * product.n }
      for strip in strips.all {
        var result = TileResult(
          c: c + (first + strip.first), offsets: UnsafePointer(offsets.baseAddress!), columns: strip.columns)
        epilogue.apply(
          to: &result, column: columns.lowerBound + strip.first, element: first + strip.first)
        strip.tile.finishBlock(rows: product.m, result)
      }
    }
  }
}
