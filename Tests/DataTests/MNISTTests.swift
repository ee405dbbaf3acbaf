import MartletCore
import MartletData
import Testing

struct MNISTTests {
  /// Writes three training and two test pictures of 28x28 under the usual names.
  private func write(to folder: FilePath, labels: [UInt8] = [9, 0, 3], isCompressed: Bool = false) throws {
    func write(_ array: HostArray, _ name: String) throws {
      let bytes = try IDX.encode(array)
      try File.write(
        isCompressed ? compressed(bytes) : bytes, to: folder.appending(isCompressed ? name + ".gz" : name))
    }
    try write(
      HostArray((0..<3 * 784).map { UInt8($0 % 251) }, shape: [3, 28, 28]), "train-images-idx3-ubyte")
    try write(HostArray(labels), "train-labels-idx1-ubyte")
    try write(HostArray((0..<2 * 784).map { UInt8($0 % 13) }, shape: [2, 28, 28]), "t10k-images-idx3-ubyte")
    try write(HostArray([1, 2] as [UInt8]), "t10k-labels-idx1-ubyte")
  }

  @Test(arguments: [false, true]) func loadsFourFiles(isCompressed: Bool) throws {
    try withFolder { folder in
      try write(to: folder, isCompressed: isCompressed)
      let (train, test) = try MNIST.load(directory: folder)
      #expect(train.images.shape == [3, 28, 28, 1])
      #expect(train.images.bytes == (0..<3 * 784).map { UInt8($0 % 251) })
      #expect(train.labels.values() == [9, 0, 3] as [Int32])
      #expect(test.count == 2)
      #expect(try FashionMNIST.load(.test, directory: folder).labels == test.labels)
    }
  }

  @Test func aMissingDataSetSaysHowToGetIt() throws {
    try withFolder { folder in
      #expect(
        message { _ = try FashionMNIST.load(directory: folder) }
          == "Fashion-MNIST was not found in \(folder) or \(folder)/fashion-mnist; install it with "
          + "`apt-get install dataset-fashion-mnist`, or name the folder of its files in MARTLET_DATA")
      #expect(
        message { _ = try MNIST.load(.train, directory: folder) }
          == "MNIST was not found in \(folder) or \(folder)/mnist; put train-images-idx3-ubyte, "
          + "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or with .gz, into "
          + "one of these folders, or name their folder in MARTLET_DATA")
    }
  }

  @Test func errorsNameTheFile() throws {
    try withFolder { folder in
      try write(to: folder, labels: [9, 10, 3])
      let path = folder.appending("train-labels-idx1-ubyte")
      #expect(
        message { _ = try MNIST.load(.train, directory: folder) }
          == "\(path): label 10 of image 1 is outside the classes 0..<10")
      try write(to: folder, labels: [9, 3])
      #expect(
        message { _ = try MNIST.load(.train, directory: folder) }
          == "\(path): each image needs one label; received 3 images, 2 labels")
      try File.write([0, 0, 8, 1], to: path)
      #expect(
        message { _ = try MNIST.load(directory: folder) }
          == "\(path): ends within the sizes of an IDX file; copy or download it again")
    }
  }

  /// The published sizes, and a thousand test pictures of each class.
  @Test(.enabled(if: File.exists("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")))
  func theRealDataSet() throws {
    let (train, test) = try FashionMNIST.load(directory: "/usr/share/datasets/fashion-mnist")
    #expect(train.count == 60_000 && test.count == 10_000)
    #expect(train.imageShape == [28, 28, 1])
    var counts = [Int](repeating: 0, count: 10)
    for label in test.labels.values(as: Int32.self) { counts[Int(label)] += 1 }
    #expect(counts == [Int](repeating: 1000, count: 10))
  }
}
