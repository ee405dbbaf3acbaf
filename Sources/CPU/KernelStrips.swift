import MartletCore
import MartletKernelTable

/// The kernel of a forward or backward-data pass as tiles read it, in strips of filters: of each lattice, of each group,
/// [strip][taps of the lattice][channels][columns of the strip].
struct KernelStrips {
  let pass: ConvolutionPass
  let geometry: ConvolutionGeometry
  let kernels: MatrixKernels
  /// Channels that one result is summed over at each tap, and filters, of one group.
  let depth: Int
  let columns: Int
  let strips: Strips
  /// Positions in the kernel of the taps of each lattice, and where its part begins.
  private let taps: [[Int]]
  private var starts: [Int] = []
  private(set) var floats = 0

  init(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ source: ConvolutionSource,
    _ kernels: MatrixKernels
  ) {
    self.pass = pass
    self.geometry = geometry
    self.kernels = kernels
    depth = source.mergedWidth * source.channels / geometry.groups
    columns = pass == .forward ? geometry.outputChannelsPerGroup : geometry.inputChannelsPerGroup
    strips = Strips(columns: columns, kernels)
    taps = source.lattices.map { $0.taps.map(\.index) }
    for taps in taps {
      starts.append(floats)
      floats += taps.count * depth * geometry.groups * strips.paddedColumns
    }
  }

  /// Vectors of a row of all strips.
  var vectors: Int { strips.paddedColumns / kernels.lanes }

  /// Floats that stay in half of the second cache of the processors that have wide vectors: half a mebibyte.
  static let cachedFloats = 131_072

  /// Taps of a strip that stay in the second cache together.
  var tapsTogether: Int { max(1, Self.cachedFloats / max(1, depth * kernels.wide.width)) }

  /// Strips in parts whose kernels stay in the second cache together.
  func stripsTogether(_ taps: Int) -> Parts {
    let strip = max(1, taps) * depth * kernels.wide.width
    return Parts(strips.count, smallest: max(1, Self.cachedFloats / strip), limit: strips.count)
  }

  /// Where a group of a lattice begins, and a strip of it.
  func start(_ lattice: Int, _ group: Int) -> Int {
    starts[lattice] + group * strips.paddedColumns * taps[lattice].count * depth
  }
  func start(_ lattice: Int, _ group: Int, _ strip: Strips.Strip) -> Int {
    start(lattice, group) + strip.first * taps[lattice].count * depth
  }

  var form: WeightForm {
    .strips(
      taps: taps, isForward: pass == .forward, groups: geometry.groups, depth: depth, columns: columns)
  }

  var jobs: Int { taps.count * geometry.groups * strips.count }

  /// Packs one strip of a group of a lattice.
  func pack(_ job: Int, _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    let lattice = job / (geometry.groups * strips.count)
    let group = job / strips.count % geometry.groups
    let strip = strips[job % strips.count]
    let filters = geometry.outputChannels
    var to = packed + start(lattice, group, strip)
    for tap in taps[lattice] {
      if pass == .forward {
        kernels.packRows(
          weights + (tap * depth * filters + group * columns + strip.first), filters, depth, strip.columns,
          to, strip.tile.width)
      } else {
        kernels.packColumns(
          weights + ((tap * columns + strip.first) * filters + group * depth), filters, depth,
          strip.columns, to, strip.tile.width)
      }
      to += depth * strip.tile.width
    }
  }
}

extension CPUDevice {
  /// A kernel in strips, kept or made for this call.
  func packed(_ strips: KernelStrips, _ weights: Operand) throws -> CPUBuffer {
    let from = UnsafePointer(weights.floats)
    return try formed(strips.form, of: weights, floats: max(strips.floats, 16)) { packed in
      parallel(strips.jobs) { (job: Int) in strips.pack(job, from, into: packed) }
    }
  }
}
