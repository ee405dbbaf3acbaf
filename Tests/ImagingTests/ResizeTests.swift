import MartletTestSupport
import Testing

struct ResizeTests {
  /// Bit for bit what Pillow makes of the same picture.
  @Test func resizesLikePillow() throws {
    let expected = try PictureFile.expected()
    let source = try #require(expected["source"])
    var cases = 0
    for (name, result) in expected {
      let parts = name.split(separator: ".")
      guard let method = ResizeMethod(rawValue: String(parts[0])), method != .area else { continue }
      #expect(
        source.resized(height: result.shape[0], width: result.shape[1], by: method) == result, "\(name)")
      cases += 1
    }
    #expect(cases == 14)
    let even = source.cropped(top: 0, left: 0, height: 28, width: 36)
    #expect(even.resized(height: 7, width: 12, by: .area) == expected["area.7x12"])
    #expect(source.inGrey() == expected["inGrey"])
  }

  /// The mean over the square that a pixel covers, in Double; each of the two steps rounds by a half.
  @Test(arguments: [[5, 7], [3, 3], [1, 1], [31, 2], [11, 29]]) func areaIsTheMean(size: [Int]) {
    let source = PictureFile.noise([13, 17, 3])
    let result = source.resized(height: size[0], width: size[1], by: .area)
    func covered(_ pixel: Int, _ place: Int, _ scale: Double) -> Double {
      max(0, min(Double(place + 1) * scale, Double(pixel + 1)) - max(Double(place) * scale, Double(pixel)))
    }
    let (down, right) = (13 / Double(size[0]), 17 / Double(size[1]))
    for y in 0..<size[0] {
      for x in 0..<size[1] {
        for channel in 0..<3 {
          var sum = 0.0
          for row in 0..<13 {
            for column in 0..<17 {
              sum +=
                covered(row, y, down) * covered(column, x, right)
                * Double(source.bytes[(row * 17 + column) * 3 + channel])
            }
          }
          let value = Double(result.bytes[(y * size[1] + x) * 3 + channel])
          #expect(abs(value - sum / (down * right)) <= 1.01, "\(y), \(x)")
        }
      }
    }
  }

  /// Two neighbours of each centre, by hand: of 0, 10, ... 70 to three pixels the centres lie at 5/6, 3 1/2 and 6 1/6.
  @Test func withoutAntialiasTheNeighboursCount() {
    let line = HostArray((0..<8).map { UInt8(10 * $0) }, shape: [1, 8, 1])
    #expect(line.resized(height: 1, width: 3, antialias: false).bytes == [8, 35, 62])
    #expect(line.resized(height: 1, width: 3, by: .nearest).bytes == [10, 40, 60])
    let smooth = line.resized(height: 1, width: 3).bytes
    #expect(smooth[0] > 8 && smooth[1] == 35 && smooth[2] < 62)
  }

  @Test func sizesAndChannelsOfAnyKind() {
    for shape in [[1, 1, 1], [1, 9, 2], [9, 1, 4], [3, 4, 5]] as [Shape] {
      let picture = PictureFile.noise(shape)
      for method in ResizeMethod.allCases {
        #expect(picture.resized(height: shape[0], width: shape[1], by: method) == picture)
        #expect(picture.resized(height: 6, width: 2, by: method).shape == [6, 2, shape[2]])
      }
    }
    let flat = HostArray([UInt8](repeating: 255, count: 3000 * 2), shape: [3000, 2, 1])
    #expect(flat.resized(height: 1, width: 1).bytes == [255])
    #expect(flat.resized(height: 1, width: 7, by: .area).bytes == [UInt8](repeating: 255, count: 7))
  }
}
