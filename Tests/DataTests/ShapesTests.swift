import MartletCore
import MartletData
import Testing

struct ShapesTests {
  @Test func moreChannelsRepeatTheColors() {
    let colors = Shapes(height: 14, width: 12, channels: 3, seed: 5).picture(at: 7)
    let many = Shapes(height: 14, width: 12, channels: 9, seed: 5).picture(at: 7)
    #expect(many.image.shape == [14, 12, 9] && many.mask == colors.mask && many.boxes == colors.boxes)
    let (few, all) = (colors.image.values(as: UInt8.self), many.image.values(as: UInt8.self))
    #expect(all.indices.allSatisfy { all[$0] == few[$0 / 9 * 3 + $0 % 3] })
  }

  @Test func picturesArePureFunctionsOfSeedAndIndex() {
    let shapes = Shapes(seed: 5)
    let dataset = shapes.dataset(count: 300)
    for index in [299, 0, 64, 63, 17] {
      let picture = shapes.picture(at: index)
      #expect(picture == shapes.picture(at: index))
      let batch = dataset.batch([index])
      #expect(batch.images.bytes == picture.image.bytes)
      #expect(batch.labels == picture.labels)
    }
    #expect(dataset.images == shapes.dataset(count: 300).images)
    #expect(dataset.images != Shapes(seed: 6).dataset(count: 300).images)
    #expect(shapes.picture(at: 0) != shapes.picture(at: 1))
  }

  /// Saved experiments rely on these bytes, on every machine.
  @Test func theBytesStayTheSame() {
    let dataset = Shapes.dataset(count: 100, height: 20, width: 24, channels: 3, seed: 9)
    #expect(
      SHA256.hex(of: dataset.images.bytes)
        == "a17d267abb4d694b669b39a9b44238889ebd9af96c7b9d5530fdef4cb94b0963")
  }

  @Test(arguments: [(28, 28, 1), (28, 28, 3), (12, 12, 1), (40, 64, 3), (64, 33, 1)])
  func everyPictureShowsItsShape(height: Int, width: Int, channels: Int) {
    let shapes = Shapes(height: height, width: width, channels: channels, seed: 2)
    for index in 0..<200 {
      let picture = shapes.picture(at: index)
      #expect(picture.image.shape == [height, width, channels])
      #expect(picture.mask.shape == [height, width])
      let label = picture.labels.values(as: Int32.self)[0]
      #expect(picture.boxes.shape == [1, 4])
      let box = picture.boxes.values(as: Float.self).map { Int($0) }
      // The box is the smallest that holds the mask, which knows no other class.
      var (left, top, right, bottom, inside) = (width, height, 0, 0, 0)
      var sums = [0, 0]
      for y in 0..<height {
        for x in 0..<width {
          let value = Int(picture.mask.bytes[y * width + x])
          let pixel = (y * width + x) * channels
          sums[value == 0 ? 0 : 1] += picture.image.bytes[pixel..<pixel + channels].reduce(0) { $0 + Int($1) }
          guard value != 0 else { continue }
          #expect(value == Int(label) + 1)
          inside += 1
          (left, right, top, bottom) = (min(left, x), max(right, x + 1), min(top, y), max(bottom, y + 1))
        }
      }
      #expect(box == [left, top, right, bottom])
      // No shape is smaller than a third of the picture, nor does it fill the picture.
      let side = min(height, width)
      #expect(max(right - left, bottom - top) * 3 >= side)
      #expect(inside >= side * side / 50 && inside < height * width * 3 / 4)
      // Shape and ground are told apart by their brightness.
      let ground = sums[0] / ((height * width - inside) * channels)
      let ink = sums[1] / (inside * channels)
      #expect(abs(ground - ink) > 50, "picture \(index): \(ground) and \(ink)")
    }
  }

  @Test func classesAreAboutEquallyOften() {
    let labels = Shapes.dataset(count: 5000, seed: 1).labels.values(as: Int32.self)
    #expect(Shapes.classNames.count == 10)
    for label in 0..<10 {
      let count = labels.count { $0 == label }
      #expect(count > 400 && count < 600)
    }
  }

  @Test func picturesDrawnOnDemandAreTheSame() {
    let shapes = Shapes(height: 13, width: 16, channels: 3, seed: 5)
    let (stored, drawn) = (shapes.dataset(count: 20), shapes.drawnDataset(count: 20, withMasks: true))
    #expect(drawn.count == 20 && drawn.imageShape == [13, 16, 3] && drawn.imageType == .uint8)
    #expect(drawn.images == stored.images && drawn.labels == stored.labels)
    let orders = (stored.shuffled(seed: 3), drawn.shuffled(seed: 3))
    #expect(orders.0.labels == orders.1.labels)
    let batches = (orders.0.batch(2..<7), orders.1.batch(2..<7))
    #expect(batches.0.images == batches.1.images && batches.0.labels == batches.1.labels)
    #expect(batches.0.masks == nil)
    let order = Dataset.order(count: 20, seed: 3, epoch: 0)[2..<7]
    let masks = order.flatMap { shapes.picture(at: $0).mask.values(as: UInt8.self) }
    #expect(batches.1.masks == HostArray(masks, shape: [5, 13, 16]))
  }
}
