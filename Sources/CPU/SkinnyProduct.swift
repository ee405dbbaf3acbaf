import MartletCore
import MartletKernelTable

/// A product of few rows: c = activation(op(a) · b + bias + residual) with b untransposed. Nearly all of the time b comes
/// from memory, and is read where it stands, for packing would double that.
///
/// Processors fetch ahead along some sixteen rows at a time. So b is read in blocks of so many rows, from left to right
/// over thousands of columns, while c waits in the second cache: twice the speed of strips from top to bottom. Shares of
/// the rows of b, each with a c of its own, go to the threads; these are summed in order.
struct SkinnyProduct {
  private let operands: ProductOperands
  private let strips: Strips
  /// Strips that are read side by side, and rows of b of a share and of a block.
  private let stretches: Parts
  private let shares: Parts
  private let blockDepth: Int

  /// A b that does not stay in a cache. With more rows the products take longer than the memory does.
  static func suits(_ product: GEMM) -> Bool {
    !product.transposeB && product.m <= 12 && product.k * product.n >= 1 << 21
  }

  private var product: GEMM { operands.product }

  init(_ operands: ProductOperands) {
    self.operands = operands
    let (product, kernels) = (operands.product, operands.kernels)
    strips = Strips(columns: product.n, kernels)
    stretches = Parts(strips.count, smallest: 4096 / kernels.wide.width)
    blockDepth = max(16, 16384 / min(product.n, 4096) / 16 * 16)
    // A share below a quarter of a million multiply-adds, or of fewer rows than a few times those of c, saves nothing.
    let cost = max(1, product.m * min(product.n, 4096))
    let others = product.batch * stretches.count
    shares = Parts(
      product.k, unit: blockDepth, smallest: max(8 * product.m, (1 << 18) / cost), limit: max(1, 16 / others))
  }

  /// A product over nothing has one share, of no rows.
  private var shareCount: Int { max(1, shares.count) }
  private var jobs: Int { product.batch * stretches.count * shareCount }
  private var matrixCount: Int { operands.resultCount }

  func run(on device: CPUDevice) throws {
    let partial = try device.scratch(floats: shareCount > 1 ? product.batch * shareCount * matrixCount : 16)
    let sums = partial.floats
    device.parallel(jobs) { (job: Int) in multiply(job, sums) }
    if shareCount > 1 {
      device.parallel(product.batch * stretches.count) { (job: Int) in finish(job, UnsafePointer(sums)) }
    }
    withExtendedLifetime(partial) {}
  }

  /// One share of the sums of one stretch.
  private func multiply(_ job: Int, _ partial: UnsafeMutablePointer<Float>) {
    let share = job % shareCount
    let stripRange = stretches[job / shareCount % stretches.count]
    let matrix = job / shareCount / stretches.count
    let depth = shares.count == 0 ? 0..<0 : shares[share]
    let (a, b) = (operands.a(matrix), operands.b(matrix))
    let c = shareCount > 1 ? partial + (matrix * shareCount + share) * matrixCount : operands.c(matrix)
    withRows { pointers, offsets in
      var first = depth.lowerBound
      repeat {
        let end = min(first + blockDepth, depth.upperBound)
        for m in 0..<pointers.count {
          pointers[m] = a + min(m, product.m - 1) * product.k + first
        }
        for index in stripRange {
          var result = TileResult(
            c: c + strips[index].first, offsets: offsets, columns: strips[index].columns,
            accumulates: first > depth.lowerBound)
          if end == depth.upperBound && shareCount == 1 {
            operands.epilogue.apply(
              to: &result, column: strips[index].first, element: matrix * matrixCount + strips[index].first)
          }
          multiply(
            first..<end, a, UnsafePointer(pointers.baseAddress!), b + first * product.n, strips[index], result
          )
        }
        first = end
      } while first < depth.upperBound
    }
  }

  /// A block of rows of b by one strip.
  private func multiply(
    _ depth: Range<Int>, _ a: UnsafePointer<Float>, _ pointers: UnsafePointer<UnsafePointer<Float>>,
    _ b: UnsafePointer<Float>, _ strip: Strips.Strip, _ result: TileResult
  ) {
    let block = MatrixKernels.blockRows
    var result = result
    for first in stride(from: 0, to: product.m, by: block) {
      let rows = min(block, product.m - first)
      if product.transposeA {
        strip.tile.outerBlock(
          rows: rows,
          OuterSource(
            a: a + (depth.lowerBound * product.m + first), b: b + strip.first, count: (1, 1, depth.count),
            aSteps: (0, 0, product.m), bSteps: (0, 0, product.n)), result)
      } else {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 1) { tap in
          tap[0] = 0
          strip.tile.multiplyBlock(
            rows: rows,
            RowSource(
              rows: pointers + first, taps: UnsafePointer(tap.baseAddress!), tapCount: 1, depth: depth.count,
              b: b + strip.first, bStride: product.n), result)
        }
      }
      result.offsets += block
    }
  }

  /// The shares' sums of one stretch, and what happens to results on their way.
  private func finish(_ job: Int, _ partial: UnsafePointer<Float>) {
    let matrix = job / stretches.count
    let stripRange = stretches[job % stretches.count]
    let first = strips[stripRange.lowerBound].first
    let last = strips[stripRange.upperBound - 1]
    let end = last.first + last.columns
    for row in 0..<product.m {
      let at = row * product.n + first
      operands.kernels.sum(
        partial + (matrix * shareCount * matrixCount + at), matrixCount, shareCount, end - first,
        operands.c(matrix) + at)
    }
    operands.finish(first..<end, of: matrix)
  }

  /// Room for the pointers to the rows of a, and the places of those of c, in whole blocks.
  private func withRows(
    _ body: (UnsafeMutableBufferPointer<UnsafePointer<Float>>, UnsafePointer<Int>) -> Void
  ) {
    let block = MatrixKernels.blockRows
    let rows = (product.m + block - 1) / block * block
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: rows) { pointers in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: rows) { offsets in
        for m in 0..<rows { offsets[m] = m * product.n }
        body(pointers, UnsafePointer(offsets.baseAddress!))
      }
    }
  }
}
