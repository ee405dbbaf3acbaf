import MartletCore
import MartletKernelTable

/// A product of few rows or few terms: c = activation(op(a) · b + bias + residual) with b untransposed, where most of the
/// time b comes from memory or c goes there. So b is read where it stands, for packing would double that.
///
/// Processors fetch ahead along some sixteen rows at a time. So b is read in blocks of so many rows, from left to right
/// over thousands of columns, while c waits in the second cache: twice the speed of strips from top to bottom.
struct SkinnyProduct {
  private let operands: ProductOperands
  private let sums: SharedSums
  private let rowParts: Parts
  private let stretches: Parts
  /// Rows of b that are read side by side.
  private let blockDepth: Int

  private var product: GEMM { operands.product }

  static func suits(_ product: GEMM, _ epilogue: ResolvedEpilogue) -> Bool {
    guard !product.transposeB, product.n >= 64 else { return false }
    return waitsForMemory(product)
      || epilogue.isEmpty && (product.k <= 4 || product.m <= 4 && product.k <= 128)
  }

  private static let mostRows = 24

  /// A b that does not stay in a cache. With more rows the products take longer than the memory does.
  static func waitsForMemory(_ product: GEMM) -> Bool {
    !product.transposeB && product.m <= mostRows && product.k * product.n >= 1 << 21
  }

  init(_ operands: ProductOperands, _ sums: SharedSums) {
    self.operands = operands
    self.sums = sums
    let product = operands.product
    // A job below a quarter of a million multiply-adds costs more to hand out than it saves.
    let enough = (1 << 18) / (min(product.m, 4) * max(1, product.k))
    stretches = Parts(
      product.n, unit: operands.kernels.wide.width,
      smallest: Self.waitsForMemory(product) ? 4096 : max(256, enough))
    blockDepth = max(16, 16384 / min(product.n, 4096) / 16 * 16)
    let rows = (1 << 16) / min(product.n, 4096) / max(1, product.k)
    rowParts = Parts(product.m, unit: Self.mostRows, smallest: rows, limit: 64)
  }

  func run(on device: CPUDevice) {
    device.parallel(product.batch * rowParts.count * stretches.count * sums.count) { (job: Int) in
      let others = job / sums.count
      multiply(
        rowParts[others / stretches.count % rowParts.count], stretches[others % stretches.count],
        share: job % sums.count, of: others / stretches.count / rowParts.count)
    }
    sums.add(on: device)
  }

  private func multiply(_ rows: Range<Int>, _ columns: Range<Int>, share: Int, of matrix: Int) {
    let block = Self.mostRows
    withUnsafeTemporaryAllocation(of: Float.self, capacity: blockDepth * block) { factors in
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
        let part = first..<min(first + block, rows.upperBound)
        multiply(
          part, columns, sums[share], matrix, to: sums.results(share, of: matrix), factors.baseAddress!)
      }
    }
    if sums.count == 1 { operands.finish(rows, columns, of: matrix) }
  }

  /// Up to 24 rows.
  private func multiply(
    _ rows: Range<Int>, _ columns: Range<Int>, _ depth: Range<Int>, _ matrix: Int,
    to c: UnsafeMutablePointer<Float>, _ factors: UnsafeMutablePointer<Float>
  ) {
    let a = operands.a(matrix)
    var first = depth.lowerBound
    repeat {
      let end = min(first + blockDepth, depth.upperBound)
      // A term's factors side by side, as a transposed a has them.
      if !product.transposeA {
        for (m, row) in rows.enumerated() {
          for k in first..<end { factors[(k - first) * rows.count + m] = a[row * product.k + k] }
        }
      }
      let source = RowCombinations(
        a: product.transposeA ? a + (first * product.m + rows.lowerBound) : UnsafePointer(factors),
        aStep: product.transposeA ? product.m : rows.count,
        b: operands.b(matrix) + (first * product.n + columns.lowerBound),
        c: c + (rows.lowerBound * product.n + columns.lowerBound), stride: product.n, depth: end - first,
        accumulates: first > depth.lowerBound)
      withUnsafePointer(to: source) { operands.kernels.combineRows(rows.count, columns.count, $0) }
      first = end
    } while first < depth.upperBound
  }
}
