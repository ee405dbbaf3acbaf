import Glibc
import MartletCore
import MartletData
import Testing

struct CIFARTests {
  /// A picture in the binary layout: its labels, and planes whose bytes say plane, row and column.
  private func record(_ labels: [UInt8]) -> [UInt8] {
    labels + (0..<3072).map { UInt8(truncatingIfNeeded: 80 * ($0 / 1024) + 5 * ($0 / 32 % 32) + $0 % 32) }
  }

  /// Without the way to the disk that `File.write` waits for.
  private func put(_ bytes: [UInt8], _ path: FilePath) {
    let file = fopen(path.string, "w")!
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
  }

  @Test func readsTheBinaryLayout() throws {
    try withFolder { folder in
      for index in 1...5 {
        put(record([UInt8(index)]) + record([9]), folder.appending("data_batch_\(index).bin"))
      }
      put(record([0]), folder.appending("test_batch.bin"))
      let train = try CIFAR10.load(.train, directory: folder)
      #expect(train.images.shape == [10, 32, 32, 3])
      #expect(train.labels.values() == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9] as [Int32])
      #expect(train.classNames[9] == "truck")
      let pixels = train.batch([3]).images.bytes
      for (y, x, channel) in [(0, 0, 0), (0, 1, 0), (1, 0, 2), (31, 30, 1), (17, 5, 2)] {
        #expect(
          pixels[(y * 32 + x) * 3 + channel] == UInt8(truncatingIfNeeded: 80 * channel + 5 * y + x))
      }
      #expect(try CIFAR10.load(.test, directory: folder).labels.values() == [0] as [Int32])
      // Names from a file take the place of those that are built in.
      let names = folder.appending("batches.meta.txt")
      put(Array("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".utf8), names)
      #expect(try CIFAR10.load(.test, directory: folder).classNames == "abcdefghij".map(String.init))
      put(Array("a\nb\n".utf8), names)
      #expect(
        message { _ = try CIFAR10.load(.test, directory: folder) }
          == "\(names): has 2 class names; CIFAR-10 has 10")
    }
  }

  @Test func readsFineAndCoarseLabels() throws {
    try withFolder { folder in
      let inner = folder.appending("cifar-100")
      try File.createFolder(inner)
      put(record([19, 99]) + record([4, 0]), inner.appending("train.bin"))
      let fine = try CIFAR100.load(.train, directory: folder)
      #expect(fine.labels.values() == [99, 0] as [Int32])
      #expect(fine.classNames[0] == "apple" && fine.classNames[99] == "worm" && fine.classNames.count == 100)
      let coarse = try CIFAR100.load(.train, labels: .coarse, directory: folder)
      #expect(coarse.labels.values() == [19, 4] as [Int32])
      #expect(coarse.classNames.count == 20 && coarse.classNames[4] == "fruit_and_vegetables")
      #expect(coarse.images == fine.images)
    }
  }

  /// Files of every 61st length, and every value of the label; a flipped bit of a picture is another picture.
  @Test func damageIsAnError() throws {
    try withFolder { folder in
      let path = folder.appending("test_batch.bin")
      func text(_ bytes: [UInt8]) -> String {
        put(bytes, path)
        return message { _ = try CIFAR10.load(.test, directory: folder) }
      }
      for length in stride(from: 0, to: 3073, by: 61) {
        #expect(
          text(Array(record([7])[..<length])).hasPrefix("\(path): has \(length) bytes, not a multiple of"))
      }
      for label in UInt8.min...UInt8.max { #expect(text(record([label])).isEmpty == (label < 10)) }
    }
  }

  @Test func errorsSayWhatIsWrong() throws {
    try withFolder { folder in
      func text() -> String { message { _ = try CIFAR10.load(.test, directory: folder) } }
      #expect(
        text()
          == "CIFAR-10 was not found in \(folder) or \(folder)/cifar-10 or \(folder)/cifar-10-batches-bin; unpack "
          + "cifar-10-binary.tar.gz, which has test_batch.bin, into one of these folders, or name the folder of its "
          + "files with --data-dir or in MARTLET_DATA")
      let path = folder.appending("test_batch.bin")
      put(record([1]) + record([10]), path)
      #expect(text() == "\(path): picture 1 has the label 10 at byte 3073; it must be below 10")
      put(record([1]) + [4], path)
      #expect(
        text()
          == "\(path): has 3074 bytes, not a multiple of the 3073 of a picture; it is cut off, or not of "
          + "CIFAR-10's binary version")
    }
  }
}
