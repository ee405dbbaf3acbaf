import MartletTestSupport
import Testing

struct CropTests {
  /// 0 ..< 12 in three rows.
  private let picture = HostArray((0..<12).map { UInt8($0 + 1) }, shape: [3, 4, 1])

  @Test func partsOfPictures() {
    #expect(picture.cropped(top: 1, left: 2, height: 2, width: 2).bytes == [7, 8, 11, 12])
    #expect(picture.cropped(top: -1, left: 3, height: 2, width: 2).bytes == [0, 0, 4, 0])
    for (top, left) in [(9, 0), (-9, 0), (0, 9), (0, -9)] {
      #expect(picture.cropped(top: top, left: left, height: 2, width: 2).bytes == [0, 0, 0, 0])
    }
    #expect(picture.centerCropped(height: 1, width: 2).bytes == [6, 7])
    #expect(picture.centerCropped(height: 2, width: 1).bytes == [2, 6])
    #expect(picture.centerCropped(height: 5, width: 4).bytes == [0, 0, 0, 0] + picture.bytes + [0, 0, 0, 0])
  }

  @Test func flips() {
    #expect(picture.flippedLeftRight().bytes == [4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9])
    #expect(picture.flippedUpDown().bytes == [9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4])
    let color = HostArray([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 2, 3])
    #expect(color.flippedLeftRight().bytes == [4, 5, 6, 1, 2, 3])
    #expect(picture.extended(height: 4, width: 5).bytes.suffix(10) == [9, 10, 11, 12, 12, 9, 10, 11, 12, 12])
  }

  @Test func letterboxes() {
    let wide = picture.letterboxed(height: 8, width: 8, fill: 99)
    #expect(wide.scale == 2 && wide.top == 1 && wide.left == 0 && wide.picture.shape == [8, 8, 1])
    #expect(wide.picture.bytes.prefix(8).allSatisfy { $0 == 99 })
    #expect(
      wide.picture.cropped(top: 1, left: 0, height: 6, width: 8) == picture.resized(height: 6, width: 8))
    let high = picture.letterboxed(height: 3, width: 9)
    #expect(high.scale == 1 && high.left == 2)
    #expect(high.picture.bytes[9..<18] == [114, 114, 5, 6, 7, 8, 114, 114, 114])
    let thin = HostArray([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 6, 1]).letterboxed(height: 2, width: 2)
    #expect(thin.picture.bytes.suffix(2) == [114, 114])
  }
}
