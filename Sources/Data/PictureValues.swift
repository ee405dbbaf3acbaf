import MartletCore

/// The values of a picture on which the steps work that leave its pixels where they are.
struct PictureValues {
  private let values: UnsafeMutableBufferPointer<UInt8>
  private let height: Int
  private let width: Int
  private let channels: Int

  init(_ values: UnsafeMutableBufferPointer<UInt8>, _ shape: Shape) {
    self.values = values
    (height, width, channels) = (shape[0], shape[1], shape[2])
  }

  mutating func apply(_ step: Augmentation.Step, _ generator: inout PhiloxGenerator) {
    switch step {
    case .flip, .shift, .rotate, .zoom, .crop: break
    case .brightness(let share):
      let offset = share * 255 * generator.symmetric()
      for channel in 0..<channels { replace(channel) { $0 + offset } }
    case .contrast(let share):
      let factor = 1 + share * generator.symmetric()
      for channel in 0..<channels {
        let mean = mean(of: channel)
        replace(channel) { mean + ($0 - mean) * factor }
      }
    case .noise(let deviation): addNoise(deviation * 255, &generator)
    case .erase(let probability):
      if generator.unit() < probability { erase(&generator) }
    }
  }

  private func mean(of channel: Int) -> Float {
    var sum = 0
    for index in stride(from: channel, to: values.count, by: channels) { sum += Int(values[index]) }
    return Float(sum) / Float(height * width)
  }

  /// Replaces the values of a channel by a function of them, which is taken once for each of the 256.
  private func replace(_ channel: Int, by function: (Float) -> Float) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
      for value in 0..<256 { table[value] = Self.byte(function(Float(value))) }
      for index in stride(from: channel, to: values.count, by: channels) {
        values[index] = table[Int(values[index])]
      }
    }
  }

  private func addNoise(_ deviation: Float, _ generator: inout PhiloxGenerator) {
    var index = 0
    while index < values.count {
      let (first, second) = generator.normals()
      values[index] = Self.byte(Float(values[index]) + deviation * first)
      if index + 1 < values.count {
        values[index + 1] = Self.byte(Float(values[index + 1]) + deviation * second)
      }
      index += 2
    }
  }

  /// Random erasing with the paper's area and proportions. A rectangle that does not fit is drawn anew, ten times at
  /// most.
  private func erase(_ generator: inout PhiloxGenerator) {
    for _ in 0..<10 {
      let area = (0.02 + 0.38 * generator.unit()) * Float(height * width)
      let proportion = 0.3 + (1 / 0.3 - 0.3) * generator.unit()
      let rows = Int((area * proportion).squareRoot().rounded())
      let columns = Int((area / proportion).squareRoot().rounded())
      guard (1...height).contains(rows), (1...width).contains(columns) else { continue }
      let top = generator.whole(below: height - rows + 1)
      let left = generator.whole(below: width - columns + 1)
      for y in top..<top + rows {
        let start = (y * width + left) * channels
        var word: UInt32 = 0
        for index in 0..<columns * channels {
          word = index & 3 == 0 ? generator.word() : word >> 8
          values[start + index] = UInt8(truncatingIfNeeded: word)
        }
      }
      return
    }
  }

  /// The nearest byte.
  private static func byte(_ value: Float) -> UInt8 { UInt8(max(0, min(255, value)) + 0.5) }
}
