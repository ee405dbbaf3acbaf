import MartletCore
import MartletKernelTable

/// A batched matrix product with its division into jobs, which depends on the sizes alone.
///
/// A job is a strip of columns by some hundred rows of one matrix of the batch. It brings its strip of b into the
/// kernel's order, as much of k at a time as stays in the second cache, and sends all its rows over it; so nobody
/// waits for a phase of packing. A transposed a is read in place by the outer-product kernel.
struct MatrixProduct {
  private let operands: ProductOperands
  private let strips: Strips
  private let rowParts: Parts
  private let depthParts: Parts
  /// A b of few rows is read where it stands, and c, which is most of what moves, is written in rows and not in strips.
  private let isFlat: Bool
  /// Few rows do not repay the packing of b either.
  private let packs: Bool

  private var product: GEMM { operands.product }

  init(_ operands: ProductOperands) {
    self.operands = operands
    let (product, kernels) = (operands.product, operands.kernels)
    strips = Strips(columns: product.n, kernels)
    isFlat = !product.transposeB && product.k <= 32
    packs = product.transposeB || product.m > 24 && !isFlat
    let block = MatrixKernels.blockRows
    // A job below a quarter of a million multiply-adds costs more to hand out than it saves.
    let enough = (1 << 18) / max(1, product.k * kernels.wide.width)
    // Each part of the rows packs b anew, which 240 rows hardly notice; fewer where there is little else to share.
    let rows = strips.count * product.batch >= 16 ? 240 : 48
    rowParts =
      isFlat
      ? Parts(product.m, unit: block, smallest: (1 << 18) / max(1, product.k * product.n), limit: 64)
      : Parts(product.m, unit: block, smallest: max(rows, min(enough, 2400)), limit: 64)
    depthParts = Parts(product.k, unit: 16, smallest: 1, limit: max(1, (product.k + 511) / 512))
  }

  func run(on device: CPUDevice, right: Operand) throws {
    let kept = try keptRightSide(right, on: device)
    let scratch = try device.scratch(floats: packedCount * device.threads)
    let packed = scratch.floats
    device.parallel(jobs) { job, thread in
      run(job, kept: kept.map { UnsafePointer($0.floats) }, packed: packed + thread * packedCount)
    }
    withExtendedLifetime((kept, scratch)) {}
  }

  /// One b for all matrices, packed, if it has been read before.
  private func keptRightSide(_ right: Operand, on device: CPUDevice) throws -> CPUBuffer? {
    guard packs, product.batch == 1 || product.sharesB else { return nil }
    let form = WeightForm.product(isTransposed: product.transposeB, depth: product.k, columns: product.n)
    return try device.kept(form, of: right, floats: product.k * strips.paddedColumns) { packed in
      device.parallel(strips.count) { (job: Int) in
        let strip = strips[job]
        for part in 0..<depthParts.count {
          pack(strip, depthParts[part], of: operands.b(0), to: packed + start(strip, depthParts[part]))
        }
      }
    }
  }

  private var jobs: Int { product.batch * rowParts.count * (isFlat ? 1 : strips.count) }
  private var packedCount: Int { packs ? depthParts.size * operands.kernels.wide.width : 16 }

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

  /// - Parameters:
  ///   - kept: all of b, packed; nil where each job packs its parts into `packed`.
  private func run(_ job: Int, kept: UnsafePointer<Float>?, packed: UnsafeMutablePointer<Float>) {
    guard isFlat else {
      let rows = rowParts[job / strips.count % rowParts.count]
      run(strips[job % strips.count], rows, job / strips.count / rowParts.count, kept: kept, packed: packed)
      return
    }
    let rows = rowParts[job % rowParts.count]
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: MatrixKernels.blockRows) {
      let block = first..<min(first + MatrixKernels.blockRows, rows.upperBound)
      for index in 0..<strips.count {
        run(strips[index], block, job / rowParts.count, kept: nil, packed: packed)
      }
    }
  }

  /// Some rows of one strip of one matrix.
  private func run(
    _ strip: Strips.Strip, _ rows: Range<Int>, _ matrix: Int, kept: UnsafePointer<Float>?,
    packed: UnsafeMutablePointer<Float>
  ) {
    let (a, b) = (operands.a(matrix), operands.b(matrix))
    for part in 0..<max(1, depthParts.count) {
      let depth = depthParts.count == 0 ? 0..<0 : depthParts[part]
      if packs && kept == nil { pack(strip, depth, of: b, to: packed) }
      var result = TileResult(
        c: operands.c(matrix) + strip.first, offsets: UnsafePointer(bitPattern: 8)!,
        columns: strip.columns, accumulates: part > 0)
      if part + 1 >= depthParts.count {
        operands.epilogue.apply(
          to: &result, column: strip.first, element: matrix * operands.resultCount + strip.first)
      }
      let right =
        packs ? kept.map { $0 + start(strip, depth) } ?? UnsafePointer(packed) : b + position(strip, depth)
      let rightStride = packs ? strip.tile.width : product.n
      if product.transposeA {
        multiplyColumns(
          rows, a + depth.lowerBound * product.m, depth.count, right, rightStride, strip, result)
      } else {
        multiplyRows(rows, a + depth.lowerBound, depth.count, right, rightStride, strip, result)
      }
    }
  }

  private func multiplyRows(
    _ rows: Range<Int>, _ a: UnsafePointer<Float>, _ depth: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
    _ strip: Strips.Strip, _ result: TileResult
  ) {
    let block = MatrixKernels.blockRows
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
          strip.tile.multiplyBlock(rows: min(block, rows.upperBound - first), source, result)
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
