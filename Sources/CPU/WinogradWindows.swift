import MartletCore
import MartletKernelTable

/// The overlapping windows of pictures that Winograd's transforms read: one for each tile of another array of pictures.
struct WinogradWindows {
  let pictures: UnsafePointer<Float>
  let extent: Extent
  let channels: Int
  /// Pixels a side of a window, and from one to the next.
  let side: Int
  let tile: Int
  /// How far before the picture the first window begins, and the first picture in depth.
  let before: Extent
  /// Pictures in depth of the array that the tiles are of.
  let tiledDepth: Int
  let across: Int
  let perImage: Int
  let count: Int

  init(
    _ pictures: UnsafePointer<Float>, _ extent: Extent, channels: Int, images: Int, side: Int, tile: Int,
    of tiled: Extent, before: Extent
  ) {
    self.pictures = pictures
    self.extent = extent
    self.channels = channels
    self.side = side
    self.tile = tile
    self.before = before
    tiledDepth = tiled.depth
    across = (tiled.width + tile - 1) / tile
    perImage = (tiled.height + tile - 1) / tile * across
    count = images * tiled.depth * perImage
  }

  /// The channels in whole vectors of the widest kind.
  var paddedChannels: Int { (channels + 15) / 16 * 16 }

  /// Where the points of some tiles lie.
  struct Points {
    /// From tile to tile, and from point to point, in floats. Were the latter a power of two, a tile's points would
    /// all fall on the same few lines of the nearest cache.
    let width: Int
    let step: Int

    init(tiles: Int, width: Int) {
      self.width = width
      step = tiles * width + 16
    }
  }

  /// A tile's picture, and its first row and column.
  @inline(__always)
  func locate(_ number: Int) -> (image: Int, row: Int, column: Int) {
    let place = number % perImage
    return (number / perImage, place / across * tile, place % across * tile)
  }

  /// Transforms windows into points. Those that reach beyond the picture are copied into a frame of zeros first.
  ///
  /// - Parameter depthTap: of a kernel of some depth the slice that will be multiplied with these points.
  func transform(
    _ tiles: Range<Int>, depthTap: Int = 0, _ transform: WinogradKernels.WindowTransform, _ points: Points,
    to memory: UnsafeMutablePointer<Float>
  ) {
    let rowStep = extent.width * channels
    let height = extent.height
    let width = extent.width
    withUnsafeTemporaryAllocation(of: Float.self, capacity: side * side * channels + 16) { frame in
      let frame = frame.baseAddress!
      frame.initialize(repeating: 0, count: side * side * channels + 16)
      var to = memory
      for number in tiles {
        let at = locate(number)
        let row = at.row - before.height
        let column = at.column - before.width
        let slice = at.image % tiledDepth + depthTap - before.depth
        let isInside = slice >= 0 && slice < extent.depth
        let image = pictures + (at.image / tiledDepth * extent.depth + slice) * height * rowStep
        if isInside && row >= 0 && column >= 0 && row + side <= height && column + side <= width {
          transform(image + (row * rowStep + column * channels), rowStep, channels, channels, to, points.step)
        } else {
          let rows = isInside ? max(0, row)..<max(0, row, min(height, row + side)) : 0..<0
          let columns = max(0, column)..<max(0, column, min(width, column + side))
          frame.update(repeating: 0, count: side * side * channels)
          for y in rows {
            (frame + ((y - row) * side + columns.lowerBound - column) * channels)
              .update(
                from: image + (y * rowStep + columns.lowerBound * channels), count: columns.count * channels)
          }
          transform(frame, side * channels, channels, channels, to, points.step)
        }
        to += points.width
      }
    }
  }

  /// The same by all threads together.
  func transform(
    _ tiles: Range<Int>, _ function: WinogradKernels.WindowTransform, _ points: Points,
    to memory: UnsafeMutablePointer<Float>, on device: CPUDevice
  ) {
    let parts = Parts(tiles.count, smallest: 4, limit: 64)
    device.parallel(parts.count) { (job: Int) in
      let part = parts[job]
      transform(
        tiles.lowerBound + part.lowerBound..<tiles.lowerBound + part.upperBound, function, points,
        to: memory + part.lowerBound * points.width)
    }
  }
}
