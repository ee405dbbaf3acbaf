import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// A 3 x 3 or 5 x 5 convolution, or the gradient of its input, by Winograd's minimal filtering: Lavin and Gray (2016),
  /// *Fast Algorithms for Convolutional Neural Networks*. A kernel of some depth is as many of these, whose products are
  /// summed before they are transformed back.
  ///
  /// A small kernel is transformed once, and then a job takes a block of tiles through all three steps. Where the
  /// kernel is large or tiles are few, a job has a block of tiles and some columns, and transforms its part of the
  /// kernel itself. In both ways what lies between the steps stays in the second cache.
  func winogradConvolution(
    _ algorithm: ConvolutionAlgorithm, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry,
    _ epilogue: ResolvedEpilogue, inputs: [Operand], output: Operand
  ) throws {
    let task = WinogradConvolution(
      algorithm, pass, geometry, epilogue, source: UnsafePointer(inputs[0].floats),
      weights: UnsafePointer(inputs[1].floats), result: output.floats, kernels)
    if task.sharesKernel {
      try task.runBlocks(on: self, weights: inputs[1])
    } else {
      try task.runStrips(on: self, weights: inputs[1])
    }
    withExtendedLifetime((inputs, output)) {}
  }
}

/// A convolution in tiles of 2 x 2 or 4 x 4 results, with its division into jobs, which depends on the sizes alone.
///
///     window of x ── input ──▶ points V ─┐
///                                        ├─ products ──▶ points M ── output ──▶ tile of y
///     kernel ────────────────▶ points U ─┘
///
/// V is [point][tile][channels], U is [point][strip][channels][strip's columns], M is [point][tile][columns].
struct WinogradConvolution {
  let transforms: WinogradKernels.Transforms
  let matrix: MatrixKernels
  let epilogue: ResolvedEpilogue
  let weights: UnsafePointer<Float>
  let result: UnsafeMutablePointer<Float>
  let resultExtent: Extent
  /// Channels that results are summed over, and channels of the results.
  let depth: Int
  let columns: Int
  /// Taps of the kernel in depth.
  let depthTaps: Int
  let strips: Strips
  /// Backward-data reads the kernel turned by half a circle, and across.
  let isTurned: Bool
  let windows: WinogradWindows

  init(
    _ algorithm: ConvolutionAlgorithm, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry,
    _ epilogue: ResolvedEpilogue, source: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    transforms =
      geometry.kernel.width == 5
      ? kernels.winograd.twoOfFive : algorithm == .winograd4 ? kernels.winograd.four : kernels.winograd.two
    matrix = kernels.matrix
    self.epilogue = epilogue
    self.weights = weights
    self.result = result
    isTurned = pass == .backwardData
    resultExtent = isTurned ? geometry.input : geometry.output
    depth = isTurned ? geometry.outputChannels : geometry.inputChannels
    columns = isTurned ? geometry.inputChannels : geometry.outputChannels
    strips = Strips(columns: columns, kernels.matrix)
    depthTaps = geometry.kernel.depth
    windows = WinogradWindows(
      source, isTurned ? geometry.output : geometry.input, channels: depth, images: geometry.batch,
      side: transforms.side, tile: transforms.size, of: resultExtent, before: geometry.before(pass))
  }

  private var tiles: Int { windows.count }
  typealias Points = WinogradWindows.Points
  var points: Int { transforms.points }

  /// Half a mebibyte: half of the second cache of the processors that have wide vectors.
  private static let cachedFloats = 131_072

  // MARK: Division

  /// Blocks of tiles whose V and M stay in the second cache. Where U does not, more tiles mean that U is read less
  /// often.
  private var blocks: Parts {
    let cached = Self.cachedFloats / (points * (windows.paddedChannels + strips.paddedColumns))
    let many = max(cached, depth * columns >= 128 * 128 ? 24 : 12)
    return Parts(tiles, unit: MatrixKernels.blockRows, smallest: many)
  }

  /// Whether all of U is made first: sixteen mebibytes at most, and only for enough blocks to share out. Always for
  /// kernels of some depth.
  var sharesKernel: Bool {
    depthTaps > 1
      || points * depth * strips.paddedColumns <= 32 * Self.cachedFloats && blocks.count >= 6
  }

  private var form: WeightForm {
    .winograd(
      tile: transforms.size, isTurned: isTurned, depth: depth, columns: columns, isWhole: sharesKernel)
  }

  /// Each job takes a block of tiles through all three steps.
  func runBlocks(on device: CPUDevice, weights: Operand) throws {
    let kernel = Kernel(channels: 0..<depth, strips: 0..<strips.count, self)
    let u = try device.formed(form, of: weights, floats: depthTaps * points * kernel.step) { u in
      let parts = Parts(depth, smallest: 16)
      device.parallel(depthTaps * strips.count * parts.count) { (job: Int) in
        let (tap, part) = (job / (strips.count * parts.count), job / strips.count % parts.count)
        transformKernel(
          kernel, depthTap: tap, strip: job % strips.count, parts[part], to: u + tap * points * kernel.step)
      }
    }
    let blocks = self.blocks
    let v = Points(tiles: blocks.size, width: windows.paddedChannels)
    let m = Points(tiles: blocks.size, width: strips.paddedColumns)
    let each = points * (v.step + m.step)
    let memory = try device.scratch(floats: each * device.threads)
    device.parallel(blocks.count) { job, thread in
      let vMemory = memory.floats + thread * each
      let mMemory = vMemory + points * v.step
      for tap in 0..<depthTaps {
        windows.transform(blocks[job], depthTap: tap, transforms.input, v, to: vMemory)
        for point in 0..<points {
          multiply(
            blocks[job].count, vMemory + point * v.step, v, u.floats + (tap * points + point) * kernel.step,
            kernel, mMemory + point * m.step, m, accumulates: tap > 0)
        }
      }
      transformOutput(blocks[job], mMemory, m, strips: 0..<strips.count)
    }
    withExtendedLifetime((u, memory)) {}
  }

  /// All threads make V of some hundred tiles. Then each job takes a block of these tiles for some strips through the
  /// other steps, some channels at a time. U is made by each job for itself, where it is not kept.
  func runStrips(on device: CPUDevice, weights: Operand) throws {
    // Two rows of a picture's tiles, or so, repay the making of U.
    let each = 1728 / points
    let groups = Parts(strips.count, smallest: max(1, 64 / matrix.wide.width), limit: strips.count)
    let channels = Parts(depth, unit: 4, smallest: 2304 / points)
    let together = max(1, 16 * Self.cachedFloats / (points * windows.paddedChannels) / each) * each
    let rounds = Parts(tiles, smallest: together)
    let v = Points(tiles: min(tiles, together), width: windows.paddedChannels)
    let m = Points(tiles: min(tiles, 3 * each / 2), width: groups.size * matrix.wide.width)
    let vMemory = try device.scratch(floats: points * v.step)
    let kernelCount = points * (channels.size * m.width + 16)
    // All of U, one part of the channels of one group of strips behind the other.
    func piece(_ group: Int, _ part: Int) -> (kernel: Kernel, start: Int) {
      let kernel = Kernel(channels: channels[part], strips: groups[group], self)
      let before = kernel.first * depth + kernel.channels.lowerBound * kernel.width
      return (kernel, points * (before + 16 * (group * channels.count + part)))
    }
    let parts = groups.count * channels.count
    let kept = try device.kept(
      form, of: weights, floats: points * (depth * strips.paddedColumns + 16 * parts)
    ) { u in
      device.parallel(parts) { (job: Int) in
        let (kernel, start) = piece(job / channels.count, job % channels.count)
        for strip in kernel.strips {
          transformKernel(kernel, strip: strip, kernel.channels, to: u + start)
        }
      }
    }
    let memory = try device.scratch(floats: (kernelCount + points * m.step) * device.threads)
    for round in 0..<rounds.count {
      let tiles = rounds[round]
      windows.transform(tiles, transforms.input, v, to: vMemory.floats, on: device)
      let blocks = Parts(tiles.count, unit: 6, smallest: 1, limit: max(1, (tiles.count + each / 2) / each))
      device.parallel(blocks.count * groups.count) { job, thread in
        let block = blocks[job / groups.count]
        let group = groups[job % groups.count]
        let own = memory.floats + thread * (kernelCount + points * m.step)
        let mMemory = own + kernelCount
        for part in 0..<channels.count {
          let (kernel, start) = piece(job % groups.count, part)
          let u = kept.map { $0.floats + start } ?? own
          if kept == nil {
            for strip in kernel.strips { transformKernel(kernel, strip: strip, kernel.channels, to: own) }
          }
          for point in 0..<points {
            multiply(
              block.count,
              vMemory.floats + (point * v.step + block.lowerBound * v.width + channels[part].lowerBound), v,
              u + point * kernel.step, kernel, mMemory + point * m.step, m, accumulates: part > 0)
          }
        }
        transformOutput(
          tiles.lowerBound + block.lowerBound..<tiles.lowerBound + block.upperBound, mMemory, m, strips: group
        )
      }
    }
    withExtendedLifetime((vMemory, memory, kept)) {}
  }
}
