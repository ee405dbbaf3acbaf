import MartletCore

/// Parts of pictures, (H, W, C) of uint8, and pictures turned over.
extension HostArray {
  /// The rows and columns from a place on. What lies outside is filled with black.
  public func cropped(top: Int, left: Int, height: Int, width: Int) -> HostArray {
    placed(height: height, width: width, top: -top, left: -left, fill: 0)
  }

  /// The middle of a picture, one pixel further to the top left where there is no middle.
  public func centerCropped(height: Int, width: Int) -> HostArray {
    cropped(
      top: (shape[0] - height) >> 1, left: (shape[1] - width) >> 1, height: height, width: width)
  }

  public func flippedLeftRight() -> HostArray {
    let last = shape[1] - 1
    return picking(height: shape[0], width: shape[1]) { y, x in (y, last - x) }
  }

  public func flippedUpDown() -> HostArray {
    let last = shape[0] - 1
    return picking(height: shape[0], width: shape[1]) { y, x in (last - y, x) }
  }

  /// The picture continued by the pixels of its edge at the bottom and on the right.
  package func extended(height: Int, width: Int) -> HostArray {
    let (lastRow, lastColumn) = (shape[0] - 1, shape[1] - 1)
    return picking(height: height, width: width) { y, x in (min(y, lastRow), min(x, lastColumn)) }
  }

  /// The whole picture in the middle of one of another size, as large as it fits without changing its proportions.
  ///
  /// ```swift
  /// let box = photo.letterboxed(height: 416, width: 416)
  /// (box.picture, box.scale, box.top, box.left)    // y in the photo lies at y * scale + top
  /// ```
  /// - Parameter fill: the shade beside it.
  public func letterboxed(
    height: Int, width: Int, fill: UInt8 = 114
  ) -> (picture: HostArray, scale: Double, top: Int, left: Int) {
    checkPicture()
    let scale = min(Double(height) / Double(shape[0]), Double(width) / Double(shape[1]))
    func size(_ count: Int, atMost most: Int) -> Int {
      min(most, max(1, Int((Double(count) * scale).rounded())))
    }
    let inner = resized(height: size(shape[0], atMost: height), width: size(shape[1], atMost: width))
    let (top, left) = ((height - inner.shape[0]) / 2, (width - inner.shape[1]) / 2)
    let picture = inner.placed(height: height, width: width, top: top, left: left, fill: fill)
    return (picture, scale, top, left)
  }

  /// The picture at a place in one of another size.
  private func placed(height: Int, width: Int, top: Int, left: Int, fill: UInt8) -> HostArray {
    checkPicture()
    let (rows, columns, channels) = (shape[0], shape[1], shape[2])
    let common = max(0, left)..<max(0, left, min(width, left + columns))
    return HostArray(shape: [height, width, channels], dtype: .uint8) { target in
      _ = target.initializeMemory(as: UInt8.self, repeating: fill)
      withUnsafeBytes { source in
        for y in 0..<height where (0..<rows).contains(y - top) {
          let from = ((y - top) * columns + common.lowerBound - left) * channels
          let to = (y * width + common.lowerBound) * channels
          let count = common.count * channels
          guard count > 0 else { continue }
          UnsafeMutableRawBufferPointer(rebasing: target[to..<to + count])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + count]))
        }
      }
    }
  }

  /// A picture whose pixels come from other places.
  func picking(
    height: Int, width: Int, from place: (_ y: Int, _ x: Int) -> (y: Int, x: Int)
  ) -> HostArray {
    checkPicture()
    let (columns, channels) = (shape[1], shape[2])
    return HostArray(shape: [height, width, channels], dtype: .uint8) { target in
      withUnsafeBytes { source in
        var next = 0
        for y in 0..<height {
          for x in 0..<width {
            let from = place(y, x)
            let first = (from.y * columns + from.x) * channels
            for channel in first..<first + channels {
              target[next] = source[channel]
              next += 1
            }
          }
        }
      }
    }
  }

  func checkPicture() {
    precondition(
      shape.rank == 3 && dtype == .uint8 && shape.count > 0,
      "a picture is uint8 of shape (H, W, C); received \(shape) \(dtype)")
  }
}
