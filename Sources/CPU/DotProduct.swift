import MartletCore
import MartletKernelTable

/// A product of some rows: c = activation(a · bᵀ + bias + residual) with b stored transposed, as the gradient of a dense
/// layer's input has it. So few rows do not repay the packing of b: columns of it are multiplied with the rows where
/// they stand, along k. Rows that are stored transposed are copied, if many columns repay that. Jobs are runs of columns.
struct DotProduct {
  private let operands: ProductOperands
  private let columnParts: Parts

  /// Both factors lie along k, far enough to repay folding vectors of sums into numbers: for each row, where packing
  /// would cost the same for all. The rows stay in the second cache while the columns pass. With few registers a tile
  /// reads almost as much as it multiplies.
  static func suits(_ product: GEMM, _ kernels: MatrixKernels) -> Bool {
    let (rows, terms) = kernels.hasManyRegisters ? (32, 24 * product.m) : (8, 64 * product.m)
    return product.transposeB && product.m <= rows && product.k >= max(64, terms)
      && product.m * product.k <= 1 << 17
      && (!product.transposeA || product.n >= 8 * product.m)
  }

  init(_ operands: ProductOperands) {
    self.operands = operands
    let product = operands.product
    // A job below a quarter of a million multiply-adds costs more to hand out than it saves.
    columnParts = Parts(
      product.n, unit: operands.kernels.wide.width, smallest: (1 << 18) / (product.m * product.k), limit: 64)
  }

  func run(on device: CPUDevice) throws {
    let product = operands.product
    let copies = product.transposeA ? (product.sharesA ? 1 : product.batch) : 0
    let rowLength = product.transposeA ? (product.k + 3) / 4 * 4 : product.k
    let scratch = try device.scratch(floats: copies * product.m * rowLength + 16)
    let rows = scratch.floats
    device.parallel(copies) { (matrix: Int) in
      operands.kernels.packColumns(
        operands.a(matrix), product.m, product.m, product.k, rows + matrix * product.m * rowLength, rowLength)
    }
    device.parallel(product.batch * columnParts.count) { (job: Int) in
      let matrix = job / columnParts.count
      let a =
        product.transposeA
        ? UnsafePointer(rows + (product.sharesA ? 0 : matrix) * product.m * rowLength) : operands.a(matrix)
      multiply(columnParts[job % columnParts.count], of: matrix, a: a, rowLength)
    }
    withExtendedLifetime(scratch) {}
  }

  private func multiply(_ columns: Range<Int>, of matrix: Int, a: UnsafePointer<Float>, _ rowLength: Int) {
    let product = operands.product
    let source = DotSource(
      a: a, aStride: rowLength, b: operands.b(matrix) + columns.lowerBound * product.k, bStride: product.k,
      c: operands.c(matrix) + columns.lowerBound, cStride: product.n, depth: product.k)
    withUnsafePointer(to: source) { operands.kernels.dotProducts(product.m, columns.count, $0) }
    // While they are in the first cache.
    operands.finish(0..<product.m, columns, of: matrix)
  }
}
