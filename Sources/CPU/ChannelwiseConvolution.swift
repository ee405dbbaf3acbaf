import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// Forward and backward-data of groups narrower than a vector: lanes are columns of several groups, and every column
  /// is multiplied with channels of its own.
  func channelwiseConvolution(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ epilogue: ResolvedEpilogue, inputs: [Operand],
    output: Operand
  ) throws {
    let weights = UnsafePointer(inputs[1].floats)
    let turned = try turnedKernel(pass, geometry, weights)
    let task = ChannelwiseConvolution(
      pass, geometry, ChannelwiseSource(pass, geometry, UnsafePointer(inputs[0].floats), kernels.matrix),
      weights: turned.map { UnsafePointer($0.floats) } ?? weights, epilogue, result: output.floats)
    let scratch = try self.scratch(floats: task.memoryCount * threads)
    let memory = scratch.floats
    parallel(task.jobs.count) { job, thread in task.run(job, memory + thread * task.memoryCount) }
    withExtendedLifetime((turned, scratch)) {}
  }

  /// The kernel of backward-data with the channels of the result side by side: [taps][filters of a group][channels].
  /// Nil where the kernel lies so already.
  private func turnedKernel(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ weights: UnsafePointer<Float>
  ) throws -> CPUBuffer? {
    let width = geometry.inputChannelsPerGroup
    let planes = geometry.outputChannelsPerGroup
    guard pass == .backwardData, width > 1 || planes > 1 else { return nil }
    let turned = try scratch(floats: geometry.kernelShape.count + 64)
    var to = turned.floats
    for tap in 0..<geometry.kernel.count {
      let rows = weights + tap * width * geometry.outputChannels
      for plane in 0..<planes {
        for group in 0..<geometry.groups {
          let column = rows + (group * planes + plane)
          for channel in 0..<width { to[channel] = column[channel * geometry.outputChannels] }
          to += width
        }
      }
    }
    return turned
  }
}

/// Forward or backward-data, with its division into jobs, which depends on the sizes alone.
private struct ChannelwiseConvolution {
  struct Job {
    var lattice: Int
    var images: Range<Int>
    var depth: Int
    var rows: Range<Int>
    var strips: Range<Int>
  }

  let geometry: ConvolutionGeometry
  let source: ChannelwiseSource
  let weights: UnsafePointer<Float>
  let epilogue: ResolvedEpilogue
  let result: UnsafeMutablePointer<Float>
  let resultExtent: Extent
  let lattices: [Lattice]
  let boxes: [[LatticeBox]]
  let reaches: [LatticeReach]
  let strips: Strips
  private(set) var jobs: [Job] = []
  /// Floats of memory for a thread.
  private(set) var memoryCount = 16

  init(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ source: ChannelwiseSource,
    weights: UnsafePointer<Float>, _ epilogue: ResolvedEpilogue, result: UnsafeMutablePointer<Float>
  ) {
    self.geometry = geometry
    self.source = source
    self.weights = weights
    self.epilogue = epilogue
    self.result = result
    resultExtent = pass == .backwardData ? geometry.input : geometry.output
    lattices = geometry.lattices(for: pass)
    boxes = lattices.map { $0.boxes(in: source.extent) }
    reaches = lattices.map { LatticeReach($0) }
    strips = Strips(columns: source.columns, source.kernels)
    for index in lattices.indices { addJobs(index) }
  }

  /// Spread channels must stay in the second cache, and belong to one strip.
  private mutating func addJobs(_ index: Int) {
    let lattice = lattices[index]
    let reach = reaches[index]
    let together = source.isSpread ? 1 : strips.count
    let columns = source.isSpread ? source.kernels.wide.width : source.columns
    let rowCost = max(1, lattice.count.width * max(1, lattice.taps.count) * source.planes * columns)
    let depths = min(source.extent.depth, reach[0])
    let sourceRow = source.spreadCount(images: 1, depths: depths, rows: 1)
    let fitting = (131_072 / sourceRow - reach[1]) / lattice.sourceStep.height + 1
    // Bands read the rows at their edges again, so they are high where there are enough of them.
    let enough = max(
      (1 << 18) / rowCost, min((1 << 20) / rowCost, geometry.batch * lattice.count.height / 16), 1)
    let bands = Parts(
      lattice.count.height, smallest: source.isSpread ? max(1, min(fitting, max(16, enough))) : enough)
    let sourceRows = min(
      source.extent.height, (bands.size - 1) * lattice.sourceStep.height + reach[1])
    let imageFloats = max(1, sourceRow * sourceRows)
    let imageCost = max(1, rowCost * lattice.count.height)
    let images = Parts(
      geometry.batch,
      smallest: bands.count > 1
        ? 1 : max(1, min((1 << 18) / imageCost, source.isSpread ? 131_072 / imageFloats : 1 << 20)))
    memoryCount = max(
      memoryCount, source.spreadCount(images: images.size, depths: depths, rows: sourceRows))
    for image in 0..<images.count {
      for depth in 0..<lattice.count.depth {
        for band in 0..<bands.count {
          for strip in stride(from: 0, to: strips.count, by: together) {
            jobs.append(
              Job(
                lattice: index, images: images[image], depth: depth, rows: bands[band],
                strips: strip..<strip + together))
          }
        }
      }
    }
  }

  func run(_ job: Int, _ memory: UnsafeMutablePointer<Float>) {
    let job = jobs[job]
    let lattice = lattices[job.lattice]
    let reach = reaches[job.lattice]
    let region = ChannelwiseSource.Region(
      images: job.images,
      depths: reach.positions(0, job.depth..<job.depth + 1, in: source.extent),
      rows: reach.positions(1, job.rows, in: source.extent))
    // Of a strip as wide as a tile or of all strips, which are read where they stand: one view serves all of these.
    let view = source.view(region, strips[job.strips.lowerBound], memory)
    let most = lattice.taps.count * source.planes
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * most + lattice.count.width) { offsets in
      guard let aOffsets = offsets.baseAddress else { return }
      for box in boxes[job.lattice] where box.depths.contains(job.depth) {
        let rows = box.rows.clamped(to: job.rows)
        guard !rows.isEmpty else { continue }
        source.writeOffsets(box.taps, view, aOffsets, aOffsets + most)
        for image in job.images {
          for row in rows { runRow(job, lattice, box, view, image, row, aOffsets, most) }
        }
      }
    }
  }

  private func runRow(
    _ job: Job, _ lattice: Lattice, _ box: LatticeBox, _ view: ChannelwiseSource.View, _ image: Int,
    _ row: Int, _ aOffsets: UnsafeMutablePointer<Int>, _ most: Int
  ) {
    let resultOffsets = aOffsets + 2 * most
    let depth = lattice.start.depth + job.depth * lattice.step.depth
    let height = lattice.start.height + row * lattice.step.height
    let line = ((image * resultExtent.depth + depth) * resultExtent.height + height) * resultExtent.width
    for w in box.columns {
      resultOffsets[w - box.columns.lowerBound] =
        (line + lattice.start.width + w * lattice.step.width) * source.columns
    }
    let pixelStep = lattice.sourceStep.width * view.pixel
    let from =
      view.origin
      + (image * view.image + job.depth * lattice.sourceStep.depth * view.depth
        + row * lattice.sourceStep.height * view.row + box.columns.lowerBound * pixelStep)
    let first = strips[job.strips.lowerBound].first
    for index in job.strips {
      let strip = strips[index]
      var tile = TileResult(
        c: result + strip.first, offsets: UnsafePointer(resultOffsets), columns: strip.columns)
      epilogue.apply(to: &tile, column: strip.first, element: strip.first)
      var channels = ChannelSource(
        a: from + (strip.first - first), aOffsets: UnsafePointer(aOffsets), step: pixelStep,
        taps: box.taps.count * source.planes, b: weights + strip.first,
        bOffsets: UnsafePointer(aOffsets + most))
      let vectors = strip.tile.width / source.kernels.lanes
      var left = box.columns.count
      while left > 0 {
        let done = source.kernels.multiplyChannels(vectors, left, &channels, &tile)
        channels.a += done * pixelStep
        tile.offsets += done
        left -= done
      }
    }
  }
}

extension ChannelwiseSource {
  /// For every tap and plane: where its source is from a point's, and where its row of the kernel begins.
  func writeOffsets(
    _ taps: [Lattice.Tap], _ view: View, _ aOffsets: UnsafeMutablePointer<Int>,
    _ bOffsets: UnsafeMutablePointer<Int>
  ) {
    var index = 0
    for tap in taps {
      let offset =
        tap.offset.depth * view.depth + tap.offset.height * view.row + tap.offset.width * view.pixel
      for plane in 0..<planes {
        aOffsets[index] = offset + plane * view.plane
        bOffsets[index] = (tap.index * planes + plane) * columns
        index += 1
      }
    }
  }
}
