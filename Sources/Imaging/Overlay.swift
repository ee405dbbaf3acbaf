import MartletCore
import MartletData

extension ColorPicture {
  /// Masks (N, H, W) of uint8 with the colour of each class, white where there is none.
  public static func pictures(ofMasks masks: HostArray) -> [ColorPicture] {
    let (count, height, width) = (masks.shape[0], masks.shape[1], masks.shape[2])
    let colors = (0..<Dataset.ignoredClass).map(Color.ofClass) + [.white]
    return masks.withUnsafeBytes { bytes in
      (0..<count).map { index in
        ColorPicture(height: height, width: width) { y, x in
          colors[Int(bytes[(index * height + y) * width + x])]
        }
      }
    }
  }

  /// The picture behind the colours of the classes that a mask has on it, with a line around each region. The ground,
  /// class 0, stays as it is.
  ///
  /// - Parameters:
  ///   - mask: uint8, (H, W).
  ///   - opacity: how much of the colour there is, from 0 to 1.
  ///   - outline: the pixels of the line, 0 for none.
  public func overlaid(mask: HostArray, opacity: Float = 0.5, outline: Int = 1) -> ColorPicture {
    precondition(
      mask.shape == [height, width] && mask.dtype == .uint8,
      "a mask of this picture is uint8 of shape \(height)x\(width); received \(mask.shape) \(mask.dtype)")
    let colors = (0..<256).map(Color.ofClass)
    return mask.withUnsafeBytes { bytes in
      ColorPicture(height: height, width: width) { y, x in
        let own = bytes[y * width + x]
        guard own > 0 else { return self[y, x] }
        func differs(_ y: Int, _ x: Int) -> Bool {
          (0..<height).contains(y) && (0..<width).contains(x) && bytes[y * width + x] != own
        }
        let isEdge =
          outline > 0
          && (1...outline).contains { distance in
            differs(y - distance, x) || differs(y + distance, x) || differs(y, x - distance)
              || differs(y, x + distance)
          }
        return isEdge ? colors[Int(own)] : self[y, x].mixed(with: colors[Int(own)], opacity)
      }
    }
  }
}
