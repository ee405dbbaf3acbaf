import MartletCore
import MartletData
import Testing

/// Pictures of 1x2 pixels: picture i has the bytes 2 i and 2 i + 1, and the label i % 3.
private func counting(_ count: Int) throws -> Dataset {
  try Dataset(
    name: "counting",
    images: HostArray((0..<2 * count).map { UInt8($0) }, shape: [count, 1, 2, 1]),
    labels: HostArray((0..<count).map { Int32($0 % 3) }), classNames: ["a", "b", "c"])
}

/// Which pictures of `counting` a data set holds.
private func rows(_ dataset: Dataset) -> [Int] {
  stride(from: 0, to: 2 * dataset.count, by: 2).map { Int(dataset.images.bytes[$0]) / 2 }
}

struct DatasetTests {
  @Test func batchesHoldTheChosenRows() throws {
    let dataset = try counting(10)
    let batch = dataset.batch([7, 0, 7])
    #expect(batch.images == HostArray([14, 15, 0, 1, 14, 15] as [UInt8], shape: [3, 1, 2, 1]))
    #expect(batch.labels == HostArray([1, 0, 1] as [Int32]))
    #expect(batch.count == 3)
    #expect(dataset.batch([]).images.shape == [0, 1, 2, 1])
    #expect(dataset.imageShape == [1, 2, 1])
  }

  @Test func partsAndOrdersCompose() throws {
    let dataset = try counting(20)
    let part = dataset.subset(5..<15)
    #expect(rows(part) == Array(5..<15))
    #expect(part.labels.values() == (5..<15).map { Int32($0 % 3) })
    #expect(rows(part.subset(2..<4)) == [7, 8])
    #expect(rows(part.shuffled(seed: 1)).sorted() == Array(5..<15))
    #expect(part.batch([0]) == dataset.batch([5]))
    #expect(dataset.prefix(50).count == 20)
    let shuffled = dataset.shuffled(seed: 1).subset(0..<6)
    #expect(rows(shuffled) == Array(Dataset.order(count: 20, seed: 1, epoch: 0)[..<6]))
  }

  @Test func ordersArePermutationsOfSeedAndEpoch() {
    let order = Dataset.order(count: 1000, seed: 7, epoch: 3)
    #expect(order.sorted() == Array(0..<1000))
    #expect(order == Dataset.order(count: 1000, seed: 7, epoch: 3))
    #expect(order != Dataset.order(count: 1000, seed: 7, epoch: 4))
    #expect(order != Dataset.order(count: 1000, seed: 8, epoch: 3))
    #expect(Dataset.order(count: 0, seed: 1, epoch: 0) == [])
    #expect(Dataset.order(count: 1, seed: 1, epoch: 0) == [0])
    // Checkpoints rely on this order: it may not change.
    #expect(Dataset.order(count: 8, seed: 7, epoch: 0) == [6, 5, 1, 4, 3, 7, 0, 2])
  }

  /// Each element comes to each place about as often: χ² of 25 cells stays below its 99.99 % quantile for 16 degrees.
  @Test func ordersAreUniform() {
    let (size, trials) = (5, 5000)
    var counts = [Int](repeating: 0, count: size * size)
    for epoch in 0..<trials {
      for (place, element) in Dataset.order(count: size, seed: 11, epoch: epoch).enumerated() {
        counts[place * size + element] += 1
      }
    }
    let expected = Double(trials) / Double(size)
    let chi = counts.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chi < 45)
  }

  @Test func splitsKeepEveryPicture() throws {
    let dataset = try counting(10)
    let plain = dataset.split(validation: 3)
    #expect(rows(plain.training) == Array(0..<7) && rows(plain.validation) == [7, 8, 9])
    let drawn = dataset.split(validation: 3, seed: 5)
    #expect((rows(drawn.training) + rows(drawn.validation)).sorted() == Array(0..<10))
    #expect(rows(drawn.validation) == rows(dataset.split(validation: 3, seed: 5).validation))
  }

  @Test func loaderKeepsTheLastBatchAndResumes() throws {
    let dataset = try counting(10).shuffled(seed: 3, epoch: 2)
    let loader = dataset.batches(of: 4)
    #expect(loader.count == 3)
    #expect(loader.map(\.count) == [4, 4, 2])
    #expect(loader.flatMap { $0.images.bytes } == dataset.images.bytes)
    #expect(Array(dataset.batches(of: 4, startingAt: 1)) == Array(loader.dropFirst()))
    #expect(Array(dataset.batches(of: 4, startingAt: 9)).isEmpty)
    #expect(loader[2] == dataset.batch([8, 9]))
  }

  @Test func masksGoWhereTheirPicturesGo() throws {
    let masks = HostArray((0..<20).map { UInt8($0) }, shape: [10, 1, 2])
    let data = try Dataset(
      name: "x", images: masks.reshaped([10, 1, 2, 1]), labels: HostArray([Int32](repeating: 0, count: 10)),
      masks: masks, classNames: ["a"])
    for part in try [data, data.shuffled(seed: 3), data.subset(3..<7), data.part(.test)] {
      let batch = part.batch(0..<part.count)
      #expect(batch.masks == batch.images.reshaped([part.count, 1, 2]))
    }
  }

  @Test func errorsSayWhatDoesNotFit() {
    let images = HostArray([0, 0, 0, 0] as [UInt8], shape: [2, 1, 2, 1])
    func text(_ images: HostArray, _ labels: HostArray, masks: HostArray? = nil) -> String {
      message { _ = try Dataset(name: "x", images: images, labels: labels, masks: masks, classNames: ["a"]) }
    }
    #expect(
      text(HostArray([1] as [Int32]), HostArray([0] as [Int32]))
        == "images must be uint8 or float32 of shape (N, H, W, C); received 1 int32")
    #expect(
      text(images, HostArray([0, 0] as [UInt8])) == "labels must be int32 of shape (N); received 2 uint8")
    #expect(
      text(images, HostArray([0] as [Int32])) == "each image needs one label; received 2 images, 1 labels")
    #expect(
      text(images, HostArray([0, 1] as [Int32])) == "label 1 of image 1 is outside the classes 0..<1")
    #expect(
      text(
        images, HostArray([0, 0] as [Int32]), masks: HostArray([0, 0, 0, 0] as [UInt8], shape: [2, 2, 1]))
        == "masks of these images are uint8 of shape 2x1x2; received 2x2x1 uint8")
  }
}
