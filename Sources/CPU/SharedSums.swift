import MartletCore
import MartletKernelTable

/// The sums of a product over shares of k, each with results of its own, which are added in order: so threads can work
/// together on results that are too few to be divided among them. The shares depend on the sizes alone.
struct SharedSums {
  private let operands: ProductOperands
  private let shares: Parts
  private let partial: CPUBuffer?

  /// How many shares a product is worth, a power of two.
  static func count(_ product: GEMM, _ kernels: MatrixKernels) -> Int {
    // Jobs that there are anyway. A matrix of few rows that is read in place is cut into stretches and not into strips.
    let strips = (product.n + kernels.wide.width - 1) / kernels.wide.width
    let isRead = SkinnyProduct.waitsForMemory(product)
    let columns = isRead ? (product.n + 4095) / 4096 : strips
    guard product.batch * columns * ((product.m + 47) / 48) < 16 else { return 1 }
    let others = product.batch * columns * ((product.m + 239) / 240)
    // A share below a quarter of a million multiply-adds costs more to hand out than it saves, and one of fewer terms
    // too much memory for its results.
    let work = (product.m * product.k * max(product.n, kernels.lanes)) >> 18
    let terms = isRead ? max(256, 32 * product.m) : 256
    let most = max(1, min(16 / others, product.k / terms, work))
    return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
  }

  init(_ operands: ProductOperands, on device: CPUDevice) throws {
    self.operands = operands
    let product = operands.product
    let count = Self.count(product, operands.kernels)
    shares = Parts(product.k, unit: 16, smallest: 1, limit: count)
    partial =
      shares.count > 1
      ? try device.scratch(floats: product.batch * shares.count * operands.resultCount) : nil
  }

  /// A product over nothing has one share, of no terms.
  var count: Int { max(1, shares.count) }

  subscript(share: Int) -> Range<Int> { shares.count == 0 ? 0..<0 : shares[share] }

  /// Where one share's sums of a matrix go; c itself if there is but one share.
  func results(_ share: Int, of matrix: Int) -> UnsafeMutablePointer<Float> {
    partial.map { $0.floats + (matrix * count + share) * operands.resultCount } ?? operands.c(matrix)
  }

  /// Adds the shares up, and does what happens to results on their way.
  func add(on device: CPUDevice) {
    guard partial != nil else { return }
    let product = operands.product
    let columnParts = Parts(
      product.n, unit: operands.kernels.wide.width, smallest: (1 << 16) / (product.m * count), limit: 64)
    device.parallel(product.batch * columnParts.count) { (job: Int) in
      let matrix = job / columnParts.count
      let columns = columnParts[job % columnParts.count]
      let first = UnsafePointer(results(0, of: matrix))
      for row in 0..<product.m {
        let place = row * product.n + columns.lowerBound
        operands.kernels.sum(
          first + place, operands.resultCount, count, columns.count, operands.c(matrix) + place)
      }
      operands.finish(0..<product.m, columns, of: matrix)
    }
  }
}
