import MartletCore
import MartletData
import Testing

struct FashionScenesTests {
  /// Ten garments of 28x28 that have nothing to do with Fashion-MNIST: blocks of their own brightness, of class i, with
  /// a hole in the middle.
  static func garments() throws -> Dataset {
    var bytes: [UInt8] = []
    for garment in 0..<10 {
      for y in 0..<28 {
        for x in 0..<28 {
          let isInside = (4..<24).contains(y) && (6..<22).contains(x)
          let isHole = (12..<16).contains(y) && (12..<16).contains(x)
          bytes.append(isInside && !isHole ? UInt8(60 + 19 * garment) : 0)
        }
      }
    }
    return try Dataset(
      name: "blocks", images: HostArray(bytes, shape: [10, 28, 28, 1]),
      labels: HostArray((0..<10).map { Int32($0) }), classNames: FashionScenes.classNames)
  }

  private func scenes(seed: UInt64 = 3) throws -> FashionScenes {
    FashionScenes(garments: try Self.garments(), seed: seed)
  }

  @Test func scenesArePureFunctionsOfSeedAndIndex() throws {
    let (scenes, other) = (try scenes(), try self.scenes(seed: 4))
    let data = scenes.dataset(count: 100)
    #expect(data.count == 100 && data.imageShape == [64, 64, 1] && data.classNames.count == 10)
    let batch = data.batch([99, 0, 17])
    for (place, index) in [99, 0, 17].enumerated() {
      let scene = scenes.scene(at: index)
      #expect(scene == scenes.scene(at: index) && scene != other.scene(at: index))
      #expect(Array(batch.images.bytes[place * 4096..<(place + 1) * 4096]) == scene.image.bytes)
      #expect(Array(batch.masks!.bytes[place * 4096..<(place + 1) * 4096]) == scene.mask.bytes)
      #expect(batch.labels.values(as: Int32.self)[place] == scene.labels.values(as: Int32.self).last)
    }
    #expect(
      data.shuffled(seed: 2).batch([5]).masks
        == data.batch([Dataset.order(count: 100, seed: 2, epoch: 0)[5]]).masks)
  }

  /// Saved experiments rely on these bytes, on every machine.
  @Test func theBytesStayTheSame() throws {
    let batch = try scenes(seed: 9).dataset(count: 100).batch(0..<100)
    #expect(
      SHA256.hex(of: batch.images.bytes + batch.masks!.bytes)
        == "65f8c3c62a3d30a3a2963378935e21da701497b8fa72e986c88439ba54d37965")
  }

  @Test func masksBoxesAndCountsAgreeWithThePicture() throws {
    let scenes = try scenes()
    var counts = [Int](repeating: 0, count: 5)
    var areas: [Int: [Int]] = [:]
    for index in 0..<400 {
      let scene = scenes.scene(at: index)
      let labels = scene.labels.values(as: Int32.self).map(Int.init)
      let boxes = scene.boxes.values(as: Float.self).map { Int($0) }
      #expect((1...4).contains(labels.count) && scene.boxes.shape == [labels.count, 4])
      counts[labels.count] += 1
      let (pixels, mask) = (scene.image.bytes, scene.mask.bytes)
      for place in mask.indices {
        // The ground is black, what is of a garment brighter than the darkest, and never brighter than it is.
        let isGround = mask[place] == 0
        #expect(isGround ? pixels[place] == 0 : pixels[place] > FashionScenes.darkest)
        if !isGround { #expect(Int(pixels[place]) <= 60 + 19 * (Int(mask[place]) - 1)) }
      }
      #expect(Set(mask.filter { $0 > 0 }) == Set(labels.map { UInt8($0 + 1) }))
      for (object, label) in labels.enumerated() {
        let box = Array(boxes[object * 4..<object * 4 + 4])
        #expect(
          box[0] >= 0 && box[1] >= 0 && box[2] <= 64 && box[3] <= 64 && box[0] < box[2] && box[1] < box[3])
        // A garment whose class is alone: its box is the smallest around its pixels.
        guard labels.filter({ $0 == label }).count == 1 else { continue }
        let own = mask.indices.filter { mask[$0] == UInt8(label + 1) }
        let columns = own.map { $0 % 64 }
        #expect(box == [columns.min()!, own.first! / 64, columns.max()! + 1, own.last! / 64 + 1])
        if object == labels.count - 1 { areas[label, default: []].append(own.count) }
      }
    }
    // One to four of them, equally often but for those that are hidden.
    #expect(counts[0] == 0 && counts[1...].allSatisfy { $0 > 70 && $0 < 130 })
    // 0.7 to 1.3 times the 304 pixels of a block, and the nearest one is not covered.
    let sizes = areas.values.flatMap { $0 }
    #expect(sizes.min()! > 130 && sizes.max()! < 570 && sizes.max()! > 2 * sizes.min()!)
  }

  /// Behind a hole one sees what is there.
  @Test func whatIsDarkIsSeenThrough() throws {
    let scenes = try scenes()
    let isSeen = (0..<400).contains { index in
      let scene = scenes.scene(at: index)
      guard let nearest = scene.labels.values(as: Int32.self).last, scene.labels.shape[0] > 1 else {
        return false
      }
      let box = scene.boxes.values(as: Float.self).suffix(4).map { Int($0) }
      let middle = (box[1] + box[3]) / 2 * 64 + (box[0] + box[2]) / 2
      return scene.mask.bytes[middle] != 0 && scene.mask.bytes[middle] != UInt8(nearest + 1)
    }
    #expect(isSeen)
  }

  @Test(.enabled(if: (try? FashionMNIST.load(.test)) != nil)) func thePartsAreThoseOfFashionMNIST() throws {
    let (train, test) = (try FashionScenes.load(.train), try FashionScenes.load(.test))
    #expect(train.count == 8_000 && test.count == 1_000)
    let masks = test.batch(0..<1_000).masks!.bytes
    for label in 0...10 { #expect(masks.count { $0 == UInt8(label) } > 40_000) }
    #expect(train.batch([0]) != test.batch([0]))
  }
}
