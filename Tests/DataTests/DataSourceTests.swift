import MartletTestSupport
import Testing

/// The data sets that the command knows.
struct DataSourceTests {
  @Test func namesAndPaths() throws {
    func source(_ name: String) throws -> DataSource { try DataSource(name: name) }
    #expect(try source("fashion-mnist") == .fashionMNIST)
    #expect(try source("cifar-10") == .cifar10 && source("cifar-100") == .cifar100)
    #expect(try source("folder:faces") == .folder("faces"))
    #expect(try source("./faces") == .folder("./faces"))
    #expect(try source("digits.npz") == .archive("digits.npz"))
    #expect(try source("some/digits.csv.gz") == .table("some/digits.csv.gz"))
    #expect(
      message { _ = try source("cifar10") }
        == "there is no data set called cifar10; there are fashion-mnist, mnist, cifar-10, cifar-100, shapes, "
        + "fashion-scenes, folder:DIR, FILE.npz, FILE.csv. Did you mean cifar-10?")
  }

  @Test(.enabled(if: hasImaging)) func loadsFromPaths() throws {
    try withFolder { folder in
      for index in 0..<10 {
        let picture = HostArray([UInt8(index), 0], shape: [1, 2, 1])
        try File.createFolder(folder.appending("faces/\(index % 2)"))
        try File.write(Netpbm.encode(picture), to: folder.appending("faces/\(index % 2)/\(index).pgm"))
      }
      let faces = try DataSource(name: "folder:\(folder)/faces")
      #expect(try faces.load(.train, size: [28, 28, 1]).count == 8)
      let test = try faces.load(.test, size: [28, 28, 1])
      #expect(test.count == 2 && test.classNames == ["0", "1"] && test.imageShape == [1, 2, 1])

      let archive = folder.appending("set.npz")
      try NumPyArchive.write(["images": test.images, "labels": test.labels], to: archive)
      #expect(try DataSource(name: archive.string).load(.test, size: [28, 28, 1]).count == 1)

      let table = folder.appending("set.csv")
      try File.write(Array("a,b,label\n1,2,0\n3,4,1\n".utf8), to: table)
      #expect(try DataSource(name: table.string).load(.train, size: [2, 1, 1]).imageShape == [2, 1, 1])
      #expect(
        message { _ = try DataSource(name: table.string).load(.train, size: [2, 2, 1]) }
          == "\(table): line 1 has 3 columns; a picture and its label need 5")
    }
  }

  @Test func aMissingDataSetSaysWhereToPutIt() throws {
    try withFolder { folder in
      #expect(
        message { _ = try DataSource.cifar100.load(.test, directory: folder, size: [32, 32, 3]) }
          .contains("unpack cifar-100-binary.tar.gz, which has test.bin, into one of these folders"))
      #expect(
        message { _ = try DataSource.shapes.load(.test, size: [10, 10, 1]) }
          == "shapes are drawn with 1 channel or a multiple of 3 on at least 12x12 pixels; received 10x10x1")
    }
  }
}
