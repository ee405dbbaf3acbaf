import MartletCore

/// The results of a lattice as slices of rows of pixels that are one step apart, and where their source is: in the array,
/// or in a frame that a job fills with its part of the array and zeros around it.
struct StepGrid {
  /// How many there are, and the floats from one to the next in the source and in the result.
  struct Axis {
    var count: Int
    var source: Int
    var result: Int
  }
  private(set) var image: Axis
  private(set) var slice: Axis
  private(set) var row: Axis
  private(set) var pixel: Axis
  private let lattice: Lattice
  private let reach: LatticeReach
  private let extent: Extent
  private let channels: Int
  private let start: Int
  private let isFramed: Bool
  /// Of a frame, or of the whole array.
  private var inner: Extent

  init(
    _ lattice: Lattice, images: Int, _ source: Extent, _ channels: Int, _ result: Extent,
    _ resultChannels: Int, isFramed: Bool
  ) {
    self.lattice = lattice
    self.channels = channels
    self.isFramed = isFramed
    reach = LatticeReach(lattice)
    extent = source
    inner = source
    image = Axis(count: images, source: source.count * channels, result: result.count * resultChannels)
    var axes: [Axis] = []
    var (from, to) = (channels, resultChannels)
    for axis in [2, 1, 0] {
      axes.append(
        Axis(
          count: lattice.count[axis], source: lattice.sourceStep[axis] * from,
          result: lattice.step[axis] * to))
      from *= source[axis]
      to *= result[axis]
    }
    (pixel, row, slice) = (axes[0], axes[1], axes[2])
    start =
      ((lattice.start.depth * result.height + lattice.start.height) * result.width + lattice.start.width)
      * resultChannels
    guard !isFramed else { return }
    if join(\.row), join(\.slice) { _ = join(\.image) }
  }

  /// Makes one row of all rows of an axis, if these are a row's end apart in source and result.
  private mutating func join(_ axis: WritableKeyPath<StepGrid, Axis>) -> Bool {
    let outer = self[keyPath: axis]
    let isContinued =
      outer.source == pixel.count * pixel.source && outer.result == pixel.count * pixel.result
    guard outer.count == 1 || pixel.count == 1 || isContinued else { return false }
    if outer.count > 1 {
      if pixel.count == 1 { (pixel.source, pixel.result) = (outer.source, outer.result) }
      pixel.count *= outer.count
      self[keyPath: axis].count = 1
    }
    return true
  }

  /// A quarter of a mebibyte: a quarter of the second cache of the processors that have wide vectors.
  private static let mostFrameFloats = 65_536

  /// Pixels of a row whose frame is not too large.
  var fittingPixels: Int {
    guard isFramed else { return .max }
    let columns = Self.mostFrameFloats / (channels * reach[0] * reach[1])
    return max(1, (columns - reach[2]) / lattice.sourceStep.width + 1)
  }

  /// Rows of so many pixels whose frame is not too large.
  func fittingRows(_ pixels: Int) -> Int {
    guard isFramed else { return .max }
    let rows = Self.mostFrameFloats / (channels * reach[0] * frameWidth(pixels))
    return max(1, (rows - reach[1]) / lattice.sourceStep.height + 1)
  }

  private func frameWidth(_ pixels: Int) -> Int { (pixels - 1) * lattice.sourceStep.width + reach[2] }

  /// Sets how much a frame holds.
  mutating func setFrame(rows: Int, pixels: Int) {
    guard isFramed else { return }
    inner = Extent(reach[0], (rows - 1) * lattice.sourceStep.height + reach[1], frameWidth(pixels))
    pixel.source = lattice.sourceStep.width * channels
    row.source = lattice.sourceStep.height * inner.width * channels
  }

  var frameFloats: Int { isFramed ? inner.count * channels : 0 }

  /// Where a tap is from its pixel, in floats.
  func position(_ offset: Extent) -> Int {
    let least = isFramed ? reach.least : Extent(repeating: 0)
    return
      (((offset.depth - least.depth) * inner.height + offset.height - least.height) * inner.width
      + offset.width - least.width) * channels
  }

  /// Where a slice begins in the result.
  func result(_ slice: Int) -> Int {
    start + slice / self.slice.count * image.result + slice % self.slice.count * self.slice.result
  }

  /// Where the first pixel of the first row of a slice is, or would be: in the array, or in the frame, which is filled.
  func origin(
    _ x: UnsafePointer<Float>, _ slice: Int, _ rows: Range<Int>, _ pixels: Range<Int>,
    _ frame: UnsafeMutablePointer<Float>, isFirst: Bool
  ) -> UnsafePointer<Float> {
    let number = slice / self.slice.count
    let place = slice % self.slice.count
    let x = x + number * image.source
    guard isFramed else { return x + place * self.slice.source }
    fill(x, place, rows.lowerBound, pixels.lowerBound, frame, isFirst: isFirst)
    return UnsafePointer(frame) - (rows.lowerBound * row.source + pixels.lowerBound * pixel.source)
  }

  /// Copies what is reached from some rows and pixels of an image, with zeros for what is outside.
  private func fill(
    _ image: UnsafePointer<Float>, _ slice: Int, _ row: Int, _ pixel: Int,
    _ frame: UnsafeMutablePointer<Float>, isFirst: Bool
  ) {
    let least = reach.least
    let depth = slice * lattice.sourceStep.depth + least.depth
    let height = row * lattice.sourceStep.height + least.height
    let width = pixel * lattice.sourceStep.width + least.width
    let inside = max(0, width)..<max(0, width, min(extent.width, width + inner.width))
    // Zeros stay zeros for the job's next image; another slice has others outside.
    if isFirst || self.slice.count > 1 { frame.update(repeating: 0, count: frameFloats) }
    for d in max(0, depth)..<max(0, depth, min(extent.depth, depth + inner.depth)) {
      for h in max(0, height)..<max(0, height, min(extent.height, height + inner.height)) {
        let from = ((d * extent.height + h) * extent.width + inside.lowerBound) * channels
        let to = ((d - depth) * inner.height + h - height) * inner.width + inside.lowerBound - width
        (frame + to * channels).update(from: image + from, count: inside.count * channels)
      }
    }
  }
}

extension Lattice {
  /// How many of the taps of all points are inside a source: 1 if all are.
  func shareInside(_ source: Extent) -> Double {
    guard !taps.isEmpty else { return 1 }
    var share = 1.0
    for axis in 0..<3 {
      let offsets = Set(taps.map { $0.offset[axis] })
      // Points before the one whose tap comes to a position.
      func points(_ position: Int) -> Int {
        min(count[axis], max(0, (position + sourceStep[axis] - 1) / sourceStep[axis]))
      }
      let found = offsets.reduce(0) { $0 + points(source[axis] - $1) - points(-$1) }
      share *= Double(found) / Double(max(1, offsets.count * count[axis]))
    }
    return share
  }
}
