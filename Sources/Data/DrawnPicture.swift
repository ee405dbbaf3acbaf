import MartletCore

/// A picture that was drawn, with all that is known about it.
public struct DrawnPicture: Sendable, Equatable {
  /// uint8, (H, W, C)
  public var image: HostArray
  /// uint8, (H, W): 0 for the ground, 1 + class for what is on it
  public var mask: HostArray
  /// float32, (objects, 4): x0, y0, x1, y1 of what is seen of each object, in pixels, the second corner just outside
  public var boxes: HostArray
  /// int32, (objects): classes, in the order of the boxes
  public var labels: HostArray
}

extension Batch {
  /// Some pictures together, drawn on all threads.
  ///
  /// - Parameter draw: the bytes of a picture and of its mask, and its class.
  init(
    drawing indices: [Int], imageShape: Shape, withMasks: Bool,
    _ draw: @Sendable (_ index: Int) -> (image: [UInt8], mask: [UInt8], label: Int)
  ) {
    let (count, size) = (indices.count, imageShape.count)
    let pixels = imageShape[0] * imageShape[1]
    var labels = [Int32](repeating: 0, count: count)
    var masks = [UInt8](repeating: 0, count: withMasks ? count * pixels : 0)
    let images = HostArray(shape: Shape([count] + imageShape.sizes), dtype: .uint8) { images in
      labels.withUnsafeMutableBufferPointer { labels in
        masks.withUnsafeMutableBytes { masks in
          // Each picture has its own place in all arrays, so that threads never meet.
          nonisolated(unsafe) let (images, labels, masks) = (images, labels, masks)
          let group = 8
          Concurrency.forEach((count + group - 1) / group) { part in
            for place in part * group..<min(count, (part + 1) * group) {
              let picture = draw(indices[place])
              labels[place] = Int32(picture.label)
              images.copy(picture.image, to: place * size)
              if withMasks { masks.copy(picture.mask, to: place * pixels) }
            }
          }
        }
      }
    }
    self.init(
      images: images, labels: HostArray(labels),
      masks: withMasks ? HostArray(masks, shape: [count, imageShape[0], imageShape[1]]) : nil)
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func copy(_ bytes: [UInt8], to offset: Int) {
    bytes.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(rebasing: self[offset..<offset + bytes.count]).copyMemory(from: $0)
    }
  }
}
