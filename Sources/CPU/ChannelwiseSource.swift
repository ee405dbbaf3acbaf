import MartletCore
import MartletKernelTable

/// The array that a channelwise convolution gathers from. Every column of the result has channels of its own there: those
/// of its group, one in each of `planes`.
///
/// A depthwise convolution finds column n's channel at n, so the array is read where it stands. Otherwise channels are
/// *spread* under their columns, for a strip of columns and some rows at a time, which then stay in the second cache:
///
///     x, 4 channels a group     a0 a1 a2 a3 │ b0 b1 b2 b3
///     planes, 4 results a group a0 a0 a0 a0 │ b0 b0 b0 b0 ,  a1 a1 a1 a1 │ b1 b1 b1 b1 ,  a2 ...
struct ChannelwiseSource {
  let pointer: UnsafePointer<Float>
  let extent: Extent
  let channels: Int
  /// Channels of a group, columns of a group, and all columns.
  let planes: Int
  let groupWidth: Int
  let columns: Int
  let kernels: MatrixKernels

  init(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ pointer: UnsafePointer<Float>,
    _ kernels: MatrixKernels
  ) {
    let isBackward = pass == .backwardData
    self.pointer = pointer
    self.kernels = kernels
    extent = isBackward ? geometry.output : geometry.input
    channels = isBackward ? geometry.outputChannels : geometry.inputChannels
    planes = isBackward ? geometry.outputChannelsPerGroup : geometry.inputChannelsPerGroup
    groupWidth = isBackward ? geometry.inputChannelsPerGroup : geometry.outputChannelsPerGroup
    columns = isBackward ? geometry.inputChannels : geometry.outputChannels
  }

  /// Whether tiles of the usual kind would be mostly empty: groups narrower than a vector, and not so many channels in
  /// each that spreading them costs more than the empty lanes.
  static func suits(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, lanes: Int) -> Bool {
    let isBackward = pass == .backwardData
    let width = isBackward ? geometry.inputChannelsPerGroup : geometry.outputChannelsPerGroup
    let planes = isBackward ? geometry.outputChannelsPerGroup : geometry.inputChannelsPerGroup
    return geometry.groups > 1 && width < lanes && planes <= 2 * lanes
  }

  var isSpread: Bool { planes > 1 || groupWidth > 1 }

  /// Where a strip of columns finds its channels: the place of the first pixel of all, were it there, and the distances
  /// of images, slices, rows, pixels and planes in floats.
  struct View {
    var origin: UnsafePointer<Float>
    var image: Int
    var depth: Int
    var row: Int
    var pixel: Int
    var plane: Int
  }

  /// Images, slices and rows of the array, as many as one view shows at most.
  struct Region {
    var images: Range<Int>
    var depths: Range<Int>
    var rows: Range<Int>
  }

  /// Floats of memory that the largest of the views needs.
  func spreadCount(images: Int, depths: Int, rows: Int) -> Int {
    isSpread ? images * depths * rows * extent.width * planes * kernels.wide.width + 64 : 16
  }

  /// Shows a region to a strip, with the help of memory if it must be spread.
  func view(_ region: Region, _ strip: Strips.Strip, _ memory: UnsafeMutablePointer<Float>) -> View {
    if !isSpread {
      let row = extent.width * channels
      return View(
        origin: pointer + strip.first, image: extent.count * channels, depth: extent.height * row, row: row,
        pixel: channels, plane: 0)
    }
    let width = strip.tile.width
    let row = extent.width * planes * width
    let depth = region.rows.count * row
    let image = region.depths.count * depth
    var shape = ChannelSpread(
      planes: planes, width: groupWidth, first: strip.first, columns: strip.columns, stride: width)
    var to = memory
    for n in region.images {
      for d in region.depths {
        for h in region.rows {
          let from = ((n * extent.depth + d) * extent.height + h) * extent.width
          kernels.spread(pointer + from * channels, channels, extent.width, &shape, to)
          to += row
        }
      }
    }
    let first =
      region.images.lowerBound * image + region.depths.lowerBound * depth + region.rows.lowerBound * row
    return View(
      origin: UnsafePointer(memory) - first, image: image, depth: depth, row: row, pixel: planes * width,
      plane: width)
  }
}

/// A box of lattice points that have the same taps inside the source.
struct LatticeBox {
  var depths: Range<Int>
  var rows: Range<Int>
  var columns: Range<Int>
  var taps: [Lattice.Tap]
}

extension Lattice {
  /// The points in boxes: the interior, edges, corners.
  func boxes(in source: Extent) -> [LatticeBox] {
    let axes = (0..<3).map { segments($0, in: source) }
    var boxes: [LatticeBox] = []
    for depths in axes[0] {
      for rows in axes[1] {
        for columns in axes[2] {
          let first = Extent(depths.lowerBound, rows.lowerBound, columns.lowerBound)
          let inside = taps.filter { tap in
            (0..<3).allSatisfy {
              let at = first[$0] * sourceStep[$0] + tap.offset[$0]
              return at >= 0 && at < source[$0]
            }
          }
          boxes.append(LatticeBox(depths: depths, rows: rows, columns: columns, taps: inside))
        }
      }
    }
    return boxes
  }

  /// The coordinates of an axis, cut where a tap enters the source or leaves it.
  private func segments(_ axis: Int, in source: Extent) -> [Range<Int>] {
    let step = sourceStep[axis]
    var cuts: Set<Int> = [0, count[axis]]
    for offset in Set(taps.map { $0.offset[axis] }) {
      for bound in [-offset, source[axis] - offset] where bound > 0 {
        cuts.insert(min(count[axis], (bound + step - 1) / step))
      }
    }
    let sorted = cuts.sorted()
    return zip(sorted, sorted.dropFirst()).map { $0..<$1 }
  }
}

/// The least and the largest offsets of a lattice's taps: from where to where in the source one point reaches.
struct LatticeReach {
  private(set) var least = Extent(repeating: 0)
  private var most = Extent(repeating: -1)
  private let step: Extent

  init(_ lattice: Lattice) {
    step = lattice.sourceStep
    guard let first = lattice.taps.first else { return }
    (least, most) = (first.offset, first.offset)
    for tap in lattice.taps {
      for axis in 0..<3 {
        least[axis] = min(least[axis], tap.offset[axis])
        most[axis] = max(most[axis], tap.offset[axis])
      }
    }
  }

  /// Positions of an axis from one end to the other.
  subscript(axis: Int) -> Int { most[axis] - least[axis] + 1 }

  /// The positions of an axis of the source that some coordinates' taps reach.
  func positions(_ axis: Int, _ coordinates: Range<Int>, in source: Extent) -> Range<Int> {
    guard !coordinates.isEmpty else { return 0..<0 }
    let lower = max(0, coordinates.lowerBound * step[axis] + least[axis])
    let upper = min(source[axis], (coordinates.upperBound - 1) * step[axis] + most[axis] + 1)
    return lower..<max(lower, upper)
  }
}
