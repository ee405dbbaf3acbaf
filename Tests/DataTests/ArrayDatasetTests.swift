import MartletCore
import MartletData
import Testing

struct ArrayDatasetTests {
  static let images = HostArray((0..<40).map { UInt8($0) }, shape: [10, 2, 2])
  static let labels = HostArray((0..<10).map { Int32($0 % 4) })

  @Test func convertsWhatOtherProgramsWrite() throws {
    let plain = try Dataset(name: "x", convertingImages: Self.images, labels: Self.labels)
    #expect(plain.images == HostArray(Self.images.bytes, shape: [10, 2, 2, 1]))
    #expect(plain.classNames == ["0", "1", "2", "3"])
    let wide = HostArray(Self.images.bytes.map(Int32.init), shape: [10, 2, 2])
    let column = HostArray(Self.labels.values(as: Int32.self).map { UInt8($0) }, shape: [10, 1])
    let converted = try Dataset(name: "x", convertingImages: wide, labels: column)
    #expect(converted.images == plain.images && converted.labels == plain.labels)
    let floats = HostArray([0.5, 1] as [Float], shape: [1, 1, 2, 1])
    #expect(
      try Dataset(name: "x", convertingImages: floats, labels: HostArray([0] as [Int32])).images == floats)
  }

  @Test func readsArchives() throws {
    try withFolder { folder in
      let path = folder.appending("set.npz")
      try NumPyArchive.write(["images": Self.images, "labels": Self.labels], to: path)
      let parts = try DatasetPart.allCases.map { try Dataset.load(npz: path, $0, seed: 3) }
      #expect(parts.map(\.count) == [8, 2] && parts[1].classNames.count == 4 && parts[0].name == "set")
      #expect(
        parts.flatMap { $0.images.bytes }.sorted() == Self.images.bytes)
      try NumPyArchive.write(
        [
          "x_train": Self.images, "y_train": Self.labels,
          "x_test": HostArray([7] as [UInt8], shape: [1, 1, 1]),
          "y_test": HostArray([2] as [Int32]),
        ], to: path)
      #expect(try Dataset.load(npz: path, .train).labels == Self.labels)
      let test = try Dataset.load(npz: path, .test)
      #expect(test.images.bytes == [7] && test.classNames.count == 4)
    }
  }

  @Test func readsPairsOfFiles() throws {
    try withFolder { folder in
      let (images, labels) = (folder.appending("images.npy"), folder.appending("labels.npy"))
      try NumPy.write(Self.images, to: images)
      try NumPy.write(Self.labels, to: labels)
      let all = try Dataset(images: images, labels: labels)
      #expect(all.count == 10 && all.labels == Self.labels && all.name == folder.lastComponent?.string)
      #expect(try Dataset.load(folder: folder, .test).count == 2)
    }
  }

  @Test func errorsSayWhatDoesNotFit() throws {
    func text(_ images: HostArray, _ labels: HostArray) -> String {
      message { _ = try Dataset(name: "x", convertingImages: images, labels: labels) }
    }
    #expect(
      text(HostArray([0, 256] as [Int32], shape: [1, 1, 2]), HostArray([0] as [Int32]))
        == "images of whole numbers have values in 0...255; received 256")
    #expect(
      text(Self.images, HostArray([0, 1] as [Float]))
        == "labels are whole numbers of shape (N) or (N, 1); received 2 float32")
    #expect(
      text(Self.images, HostArray([.max] as [Int32]))
        == "the label 2147483647 means more than 65536 classes; number them from 0")
    #expect(
      text(Self.images, HostArray([-1] as [Int32]))
        == "each image needs one label; received 10 images, 1 labels")
    try withFolder { folder in
      let path = folder.appending("set.npz")
      try NumPyArchive.write(["a": Self.images, "b": Self.labels], to: path)
      #expect(
        message { _ = try Dataset.load(npz: path, .train) }
          == "\(path): has the arrays a, b; a data set has images and labels, or x_train, y_train, x_test and y_test"
      )
      try NumPyArchive.write(["images": Self.images, "labels": HostArray([0] as [Int32])], to: path)
      #expect(
        message { _ = try Dataset.load(npz: path, .train) }
          == "\(path): each image needs one label; received 10 images, 1 labels")
      try NumPy.write(Self.images, to: folder.appending("images.npy"))
      try NumPy.write(Self.images, to: folder.appending("labels.npy"))
      #expect(
        message { _ = try Dataset.load(folder: folder, .train) }
          == "\(folder)/images.npy and \(folder)/labels.npy: labels are whole numbers of shape (N) or (N, 1); received "
          + "10x2x2 uint8")
    }
  }
}
