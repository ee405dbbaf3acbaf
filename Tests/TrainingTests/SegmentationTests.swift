import MartletTestSupport
import Testing

@testable import MartletTraining

/// Intersection over union by cases that one can count, and the options of the loss as text.
struct SegmentationTests {
  /// Two pictures of 2x3 pixels: what they are, and what they are taken for.
  private let labels: [UInt8] = [0, 0, 1, 1, 2, 255, 0, 1, 1, 2, 2, 2]
  private let taken = [0, 1, 1, 1, 0, 2, 0, 1, 2, 2, 2, 0]

  /// An echo: the network's outputs are the pictures themselves.
  private func result(_ task: Segmentation, labels: [UInt8]? = nil, classes: Int = 4) throws -> BatchResult {
    let pictures = taken.flatMap { guess in (0..<classes).map { $0 == guess ? Float(3) : -1 } }
    let batch = Batch(
      images: HostArray(pictures, shape: [2, 2, 3, classes]), labels: HostArray([0, 0] as [Int32]),
      masks: HostArray(labels ?? self.labels, shape: [2, 2, 3]))
    return try task.evaluate(Identity(), on: batch)
  }

  @Test func unionsAndIntersectionsByHand() throws {
    let result = try result(Segmentation(loss: .pixels(PixelLoss(ignoreClass: 255))))
    // Without the pixel of 255: of class 0 there are 3, taken for it 4, both 2, so 5 are one or the other.
    #expect(result.accuracy == 7.0 / 11)
    #expect(abs(result["mean IoU"]! - (2.0 / 5 + 3.0 / 5 + 2.0 / 5) / 3) < 1e-12)
    let table = try #require(ClassTable(result, classNames: ["shirt", "bag"]))
    #expect(table.meanIoU == result["mean IoU"])
    #expect(table.rows.map(\.pixels) == [3, 4, 4, 0])
    #expect(table.rows.map(\.iou) == [0.4, 0.6, 0.4, nil])
    #expect(table.rows.map(\.accuracy) == [2.0 / 3, 0.75, 0.5, 0])
    #expect(
      "\(table)" == """
        class          IoU  accuracy  pixels
        background  0.4000    0.6667       3
        shirt       0.6000    0.7500       4
        bag         0.4000    0.5000       4
        3                -    0.0000       0
        """)
    #expect(ClassTable(BatchResult(), classNames: []) == nil)
  }

  /// Parts add up to the whole, which is not the mean of the parts.
  @Test func batchesAddUp() throws {
    let task = Segmentation(loss: .pixels(PixelLoss(ignoreClass: 255)))
    var sum = try result(task)
    sum += try result(task, labels: taken.map { UInt8($0) })
    #expect(sum["mean IoU"] == (6.0 / 9 + 7.0 / 9 + 6.0 / 9) / 3)
    #expect(sum.accuracy == 19.0 / 23)
  }

  @Test func aClassOfTheNetworkMayBeIgnored() throws {
    let result = try result(Segmentation(loss: .pixels(PixelLoss(.both, ignoreClass: 0))))
    // Neither what is of class 0 nor what is of none counts, also not as taken for others.
    #expect(result.accuracy == 5.0 / 8)
    #expect(abs(result["mean IoU"]! - (0 / 2 + 3.0 / 4 + 2.0 / 5) / 3) < 1e-12)
    #expect(result.loss.isFinite)
  }

  @Test func withoutOptionsEveryPixelCounts() throws {
    let result = try result(Segmentation(), labels: labels.map { $0 == 255 ? 3 : $0 })
    #expect(result.accuracy == 7.0 / 12)
    #expect(abs(result["mean IoU"]! - (2.0 / 5 + 3.0 / 5 + 2.0 / 6 + 0) / 4) < 1e-12)
  }

  @Test func theMeasureIsKeptInCheckpoints() throws {
    let measure = try result(Segmentation()).measures[1]
    #expect(measure.formula == .meanIoU && measure.sums.count == 12 && measure.isPossible)
    #expect(!Measure("mean IoU", .meanIoU, sums: [1, 2]).isPossible)
  }

  @Test func lossesAsText() throws {
    #expect(try PixelLoss("crossentropy") == PixelLoss())
    #expect(
      try PixelLoss("crossentropy+dice:ignoreClass=255,classWeights=0.2/1/1")
        == PixelLoss(.both, ignoreClass: 255, classWeights: [0.2, 1, 1]))
    func message(_ text: String) -> String {
      do {
        _ = try PixelLoss(text)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message("dice:ignoreClas=3")
        == "there is no option of dice called ignoreClas; there are ignoreClass, classWeights. Did you mean ignoreClass?"
    )
    #expect(
      message("dice:ignoreClass=-1") == "ignoreClass of dice is a whole number from 0 on; received -1")
    #expect(
      message("dice:classWeights=1/x") == "classWeights of dice is a number that is not negative; received x")
  }
}
