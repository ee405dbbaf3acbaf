import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// The gradient of a 3 x 3 kernel by Winograd's F(3 x 3, 4 x 4): a tile of 4 x 4 pixels of dy is the kernel that its
  /// window of x is filtered with, and the results of all tiles are summed before they are transformed back.
  ///
  ///     window of x ── input ────▶ points V ─┐
  ///                                          ├─ outer products ──▶ points M ── gradient ──▶ dw
  ///     tile of dy ─── gradient ─▶ points D ─┘
  ///
  /// V and D of some hundred tiles are made by all threads; then each job adds the products of one point and some
  /// channels to M, which is [point][channels][filters].
  func winogradBackwardKernel(_ geometry: ConvolutionGeometry, inputs: [Operand], output: Operand) throws {
    let task = WinogradKernelGradient(
      geometry, x: UnsafePointer(inputs[0].floats), dy: UnsafePointer(inputs[1].floats), kernels)
    let sums = try scratch(floats: task.points * task.sumStep)
    let v = WinogradWindows.Points(tiles: task.rounds.size, width: task.x.paddedChannels)
    let d = WinogradWindows.Points(tiles: task.rounds.size, width: task.dy.paddedChannels)
    let memory = try scratch(floats: task.points * (v.step + d.step))
    let dMemory = memory.floats + task.points * v.step
    for round in 0..<task.rounds.count {
      let tiles = task.rounds[round]
      task.x.transform(tiles, kernels.winograd.four.input, v, to: memory.floats, on: self)
      task.dy.transform(tiles, kernels.winograd.gradientInput, d, to: dMemory, on: self)
      parallel(task.points * task.rowParts.count) { (job: Int) in
        let point = job / task.rowParts.count
        task.addProducts(
          task.rowParts[job % task.rowParts.count], tiles.count, memory.floats + point * v.step, v,
          dMemory + point * d.step, d, to: sums.floats + point * task.sumStep, accumulates: round > 0)
      }
    }
    if task.rounds.count == 0 { sums.floats.update(repeating: 0, count: task.points * task.sumStep) }
    let dw = output.floats
    parallel(task.rowParts.count) { (job: Int) in task.finish(task.rowParts[job], sums.floats, dw) }
    withExtendedLifetime((sums, memory, inputs, output)) {}
  }
}

/// The division of a kernel gradient into rounds of tiles and jobs, which depends on the sizes alone.
private struct WinogradKernelGradient {
  let x: WinogradWindows
  let dy: WinogradWindows
  let kernels: KernelTable
  let strips: Strips
  let rounds: Parts
  /// Channels of x.
  let rowParts: Parts

  init(
    _ geometry: ConvolutionGeometry, x: UnsafePointer<Float>, dy: UnsafePointer<Float>, _ kernels: KernelTable
  ) {
    self.kernels = kernels
    self.x = WinogradWindows(
      x, geometry.input, channels: geometry.inputChannels, images: geometry.batch, side: 6, tile: 4,
      of: geometry.output, before: geometry.paddingBefore)
    self.dy = WinogradWindows(
      dy, geometry.output, channels: geometry.outputChannels, images: geometry.batch, side: 4, tile: 4,
      of: geometry.output, before: Extent(repeating: 0))
    strips = Strips(columns: geometry.outputChannels, kernels.matrix)
    // V and D of two mebibytes, which all threads share; more where M is so large that it would be read too often.
    let perTile = 36 * (self.x.paddedChannels + self.dy.paddedChannels)
    rounds = Parts(self.x.count, unit: 8, smallest: max(524_288 / perTile, 128))
    rowParts = Parts(geometry.inputChannels, unit: MatrixKernels.blockRows, smallest: 48)
  }

  var points: Int { kernels.winograd.four.points }
  /// From point to point of M, in floats.
  var sumStep: Int { x.channels * strips.paddedColumns + 16 }

  /// M += Vᵀ · D at one point, for some channels of x.
  func addProducts(
    _ channels: Range<Int>, _ tiles: Int, _ v: UnsafePointer<Float>, _ vPoints: WinogradWindows.Points,
    _ d: UnsafePointer<Float>, _ dPoints: WinogradWindows.Points, to m: UnsafeMutablePointer<Float>,
    accumulates: Bool
  ) {
    let block = MatrixKernels.blockRows
    withUnsafeTemporaryAllocation(of: Int.self, capacity: block) { offsets in
      for strip in strips.all {
        for first in stride(from: channels.lowerBound, to: channels.upperBound, by: block) {
          let count = min(block, channels.upperBound - first)
          for row in 0..<count { offsets[row] = (first + row) * strips.paddedColumns }
          let source = OuterSource(
            a: v + first, b: d + strip.first, count: (1, 1, tiles), aSteps: (0, 0, vPoints.width),
            bSteps: (0, 0, dPoints.width))
          strip.tile.outerBlock(
            rows: count, source,
            TileResult(
              c: m + strip.first, offsets: UnsafePointer(offsets.baseAddress!), columns: strip.tile.width,
              accumulates: accumulates))
        }
      }
    }
  }

  /// Some rows of dw out of M.
  func finish(_ channels: Range<Int>, _ m: UnsafePointer<Float>, _ dw: UnsafeMutablePointer<Float>) {
    let filters = dy.channels
    for channel in channels {
      kernels.winograd.gradientOutput(
        m + channel * strips.paddedColumns, sumStep, filters, dw + channel * filters, x.channels * filters)
    }
  }
}
