import MartletCore

/// Grey and colour, (H, W, C) of uint8.
extension HostArray {
  /// The picture in three channels; shades of grey in three equal ones.
  package func inColor() -> HostArray {
    checkPicture()
    guard shape[2] == 1 else { return self }
    return HostArray(shape: [shape[0], shape[1], 3], dtype: .uint8) { target in
      for (index, value) in bytes.enumerated() {
        for channel in 0..<3 { target[3 * index + channel] = value }
      }
    }
  }

  /// The picture in one channel, red, green and blue as bright as they seem (ITU-R BT.601).
  package func inGrey() -> HostArray {
    checkPicture()
    guard shape[2] == 3 else { return self }
    return HostArray(shape: [shape[0], shape[1], 1], dtype: .uint8) { target in
      withUnsafeBytes { source in
        for index in 0..<target.count {
          let sum =
            19595 * Int(source[3 * index]) + 38470 * Int(source[3 * index + 1])
            + 7471 * Int(source[3 * index + 2])
          target[index] = UInt8((sum + (1 << 15)) >> 16)
        }
      }
    }
  }
}
