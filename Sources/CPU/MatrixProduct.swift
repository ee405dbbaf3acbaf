import MartletCore
import MartletKernelTable

/// A batched matrix product with its division into jobs, which depends on the sizes alone.
///
/// A job is a strip of columns by some hundred rows of one matrix of the batch. It brings its strip of b into the
/// kernel's order, as much of k at a time as stays in the second cache, and sends all its rows over it; so nobody
/// waits for a phase of packing. A transposed a is read in place by the outer-product kernel.
struct MatrixProduct {
  private let operands: ProductOperands
  private let sums: SharedSums
  private let strips: Strips
  private let rowParts: Parts
  /// Terms that go over all rows of a job before the next ones do.
  private let depthStep: Int
  /// A b of few rows is read where it stands, and c, which is most of what moves, is written in rows and not in strips.
  private let isFlat: Bool
  /// Few rows do not repay the packing of b either.
  private let packs: Bool

  private var product: GEMM { operands.product }

  private static func isFlat(_ product: GEMM) -> Bool { !product.transposeB && product.k <= 32 }
  private static func packs(_ product: GEMM) -> Bool {
    product.transposeB || product.m > 24 && !isFlat(product)
  }

  /// Whether b should stay packed when it is read often. One stream brings a b that does not stay in a cache faster than
  /// rows side by side do; fewer than four rows do not notice.
  static func keepsRightSide(_ product: GEMM) -> Bool {
    (product.batch == 1 || product.sharesB)
      && (packs(product)
        || product.m >= 4 && !isFlat(product) && SkinnyProduct.waitsForMemory(product))
  }

  init(_ operands: ProductOperands, _ sums: SharedSums) {
    self.operands = operands
    self.sums = sums
    let (product, kernels) = (operands.product, operands.kernels)
    strips = Strips(columns: product.n, kernels)
    isFlat = Self.isFlat(product)
    packs = Self.packs(product)
    let block = MatrixKernels.blockRows
    if isFlat {
      rowParts = Parts(
        product.m, unit: block, smallest: (1 << 18) / max(1, product.k * product.n), limit: 64)
    } else {
      // A job below a quarter of a million multiply-adds costs more to hand out than it saves.
      let enough = (1 << 18) / max(1, product.k * kernels.wide.width)
      // Each part of the rows packs b anew, which 240 rows hardly notice; fewer where there is little else to share.
      let rows = sums.count > 1 || strips.count * product.batch >= 16 ? 240 : 48
      let count = max(1, product.m / max(rows, min(enough, 2400)))
      rowParts = Parts(product.m, unit: block, smallest: (product.m + count - 1) / count, limit: 64)
    }
    let terms = sums[0].count
    depthStep = Parts(terms, unit: 16, smallest: 1, limit: max(1, (terms + 511) / 512)).size
  }

  /// - Parameters:
  ///   - kept: all of b, packed; nil where each job packs its parts, or reads them where they stand.
  func run(on device: CPUDevice, kept: CPUBuffer?) throws {
    let packedCount = packs && kept == nil ? depthStep * operands.kernels.wide.width : 0
    let scratch = try device.scratch(floats: packedCount * device.threads + 16)
    let packed = scratch.floats
    device.parallel(jobs) { job, thread in
      run(job, kept: kept.map { UnsafePointer($0.floats) }, packed: packed + thread * packedCount)
    }
    sums.add(on: device)
    withExtendedLifetime((kept, scratch)) {}
  }

  /// One b for all matrices, packed, if it has been read before.
  func keptRightSide(_ right: Operand, on device: CPUDevice) throws -> CPUBuffer? {
    let form = WeightForm.product(isTransposed: product.transposeB, depth: product.k, columns: product.n)
    return try device.kept(form, of: right, floats: product.k * strips.paddedColumns) { packed in
      device.parallel(strips.count) { (job: Int) in
        for first in stride(from: 0, to: product.k, by: depthStep) {
          let depth = first..<min(first + depthStep, product.k)
          pack(strips[job], depth, of: operands.b(0), to: packed + start(strips[job], depth))
        }
      }
    }
  }

  private var jobs: Int { product.batch * rowParts.count * (isFlat ? 1 : strips.count * sums.count) }

  /// Where a part of a strip begins in all of b, packed.
  private func start(_ strip: Strips.Strip, _ depth: Range<Int>) -> Int {
    strip.first * product.k + depth.lowerBound * strip.tile.width
  }

  private func pack(
    _ strip: Strips.Strip, _ depth: Range<Int>, of b: UnsafePointer<Float>,
    to packed: UnsafeMutablePointer<Float>
  ) {
    (product.transposeB ? operands.kernels.packColumns : operands.kernels.packRows)(
      b + position(strip, depth), product.transposeB ? product.k : product.n, depth.count, strip.columns,
      packed, strip.tile.width)
  }

  /// Where a part of a strip begins in b as it is.
  private func position(_ strip: Strips.Strip, _ depth: Range<Int>) -> Int {
    product.transposeB
      ? strip.first * product.k + depth.lowerBound : depth.lowerBound * product.n + strip.first
  }

  private func run(_ job: Int, kept: UnsafePointer<Float>?, packed: UnsafeMutablePointer<Float>) {
    guard isFlat else {
      let (share, others) = (job % sums.count, job / sums.count)
      let rows = rowParts[others / strips.count % rowParts.count]
      run(
        strips[others % strips.count], rows, share, others / strips.count / rowParts.count, kept: kept,
        packed: packed)
      return
    }
    let rows = rowParts[job % rowParts.count]
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: MatrixKernels.blockRows) {
      let block = first..<min(first + MatrixKernels.blockRows, rows.upperBound)
      for index in 0..<strips.count {
        run(strips[index], block, 0, job / rowParts.count, kept: nil, packed: packed)
      }
    }
  }

  /// Some rows of one strip of one matrix, over one share of k.
  private func run(
    _ strip: Strips.Strip, _ rows: Range<Int>, _ share: Int, _ matrix: Int, kept: UnsafePointer<Float>?,
    packed: UnsafeMutablePointer<Float>
  ) {
    let (a, b, terms) = (operands.a(matrix), operands.b(matrix), sums[share])
    let readsPacked = packs || kept != nil
    let rightStride = readsPacked ? strip.tile.width : product.n
    var first = terms.lowerBound
    repeat {
      let depth = first..<min(first + depthStep, terms.upperBound)
      if packs && kept == nil { pack(strip, depth, of: b, to: packed) }
      var result = TileResult(
        c: sums.results(share, of: matrix) + strip.first, offsets: UnsafePointer(bitPattern: 8)!,
        columns: strip.columns, accumulates: first > terms.lowerBound)
      if depth.upperBound == terms.upperBound && sums.count == 1 {
        operands.epilogue.apply(
          to: &result, column: strip.first, element: matrix * operands.resultCount + strip.first)
      }
      let right =
        kept.map { $0 + start(strip, depth) } ?? (packs ? UnsafePointer(packed) : b + position(strip, depth))
      if product.transposeA {
        multiplyColumns(
          rows, a + depth.lowerBound * product.m, depth.count, right, rightStride, strip, result)
      } else {
        multiplyRows(rows, a + depth.lowerBound, depth.count, right, rightStride, strip, result)
      }
      first = depth.upperBound
    } while first < terms.upperBound
  }

  private func multiplyRows(
    _ rows: Range<Int>, _ a: UnsafePointer<Float>, _ depth: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
    _ strip: Strips.Strip, _ result: TileResult
  ) {
    let block = MatrixKernels.blockRows
    // Rows some pages apart share the eight places that a first cache has for their addresses: twelve of them would
    // drive each other out.
    let height = product.k % 1024 == 0 ? 6 : block
    var result = result
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: block) { pointers in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: block + 1) { offsets in
        result.offsets = UnsafePointer(offsets.baseAddress!)
        let onlyTap = offsets.baseAddress! + block
        onlyTap.pointee = 0
        let source = RowSource(
          rows: UnsafePointer(pointers.baseAddress!), taps: UnsafePointer(onlyTap), tapCount: 1, depth: depth,
          b: b, bStride: bStride)
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
          for m in 0..<block {
            let row = min(first + m, rows.upperBound - 1)
            pointers[m] = a + row * product.k
            offsets[m] = row * product.n
          }
          strip.tile.multiplyBlock(
            rows: min(block, rows.upperBound - first), height: height, source, result)
        }
      }
    }
  }

  /// The same with a stored k x m.
  private func multiplyColumns(
    _ rows: Range<Int>, _ a: UnsafePointer<Float>, _ depth: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
    _ strip: Strips.Strip, _ result: TileResult
  ) {
    let block = MatrixKernels.blockRows
    var result = result
    withUnsafeTemporaryAllocation(of: Int.self, capacity: block) { offsets in
      result.offsets = UnsafePointer(offsets.baseAddress!)
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
        let count = min(block, rows.upperBound - first)
        for m in 0..<count { offsets[m] = (first + m) * product.n }
        let source = OuterSource(
          a: a + first, b: b, count: (1, 1, depth), aSteps: (0, 0, product.m), bSteps: (0, 0, bStride))
        strip.tile.outerBlock(rows: count, source, result)
      }
    }
  }
}
