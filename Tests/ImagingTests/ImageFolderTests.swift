import MartletTestSupport
import Testing

struct ImageFolderTests {
  /// A picture of 1x2 pixels.
  private func write(_ value: UInt8, _ name: String, in folder: FilePath, shape: Shape = [1, 2, 1]) throws {
    let path = folder.appending(name)
    try File.createFolder(path.removingLastComponent())
    let picture = HostArray([UInt8](repeating: value, count: shape.count), shape: shape)
    try File.write(Netpbm.encode(picture), to: path)
  }

  private func first(_ dataset: Dataset) -> [UInt8] {
    stride(from: 0, to: dataset.images.bytes.count, by: 2).map { dataset.images.bytes[$0] }
  }

  @Test func classesAndPicturesComeByName() throws {
    try withFolder { folder in
      for (name, value) in ["b/2.pgm": 4, "b/10.PGM": 3, "a/z.pnm": 1, "B/x.ppm": 0, "a/~.pgm": 2] {
        try write(UInt8(value), name, in: folder)
      }
      try File.write([1], to: folder.appending("a/notes.txt"))
      try File.write([1], to: folder.appending("a/target.gif"))
      try File.write([1], to: folder.appending("a/.hidden.png"))
      try File.write([1], to: folder.appending("readme.md"))
      let dataset = try ImageFolder.load(folder)
      #expect(dataset.classNames == ["B", "a", "b"])
      #expect(dataset.name == folder.lastComponent?.string)
      #expect(first(dataset) == [0, 1, 2, 3, 4])
      #expect(dataset.labels.values() == [0, 1, 1, 2, 2] as [Int32])
      #expect(dataset.imageShape == [1, 2, 1])
    }
  }

  @Test func partsAreFoldersOrDrawn() throws {
    try withFolder { folder in
      for index in 0..<10 { try write(UInt8(index), "all/\(index % 2)/\(index).pgm", in: folder) }
      let all = folder.appending("all")
      let (train, test) = try (
        ImageFolder.load(.train, directory: all, testShare: 0.3, seed: 4),
        ImageFolder.load(.test, directory: all, testShare: 0.3, seed: 4)
      )
      #expect(test.count == 3 && (first(train) + first(test)).sorted() == Array(0..<10))
      #expect(try first(Dataset.load(folder: all, .test, testShare: 0.3, seed: 4)) == first(test))

      for name in ["train/a/1.pgm", "train/b/1.pgm", "test/a/1.pgm"] { try write(5, name, in: folder) }
      #expect(
        message { _ = try ImageFolder.load(.test, directory: folder) }
          == "\(folder): its parts have different classes: b is in one of them only; give both a folder for each class"
      )
      try write(6, "test/b/1.pgm", in: folder)
      #expect(try first(ImageFolder.load(.train, directory: folder)) == [5, 5])
      #expect(try first(ImageFolder.load(.test, directory: folder)) == [5, 6])
    }
  }

  @Test func errorsNameTheFile() throws {
    try withFolder { folder in
      func text() -> String { message { _ = try ImageFolder.load(folder) } }
      #expect(
        text() == "\(folder): has no sub-folders; put the pictures of each class into a folder of its name")
      try File.createFolder(folder.appending("a"))
      #expect(
        text() == "\(folder)/a: has no PNG, JPEG, PGM or PPM pictures; put some there, or remove the folder")
      try write(1, "a/1.pgm", in: folder)
      try write(1, "a/2.pgm", in: folder)
      try write(1, "a/3.pgm", in: folder, shape: [2, 1, 1])
      try write(1, "a/4.ppm", in: folder, shape: [1, 2, 3])
      #expect(
        text()
          == "\(folder)/a/3.pgm: is a picture of 2x1x1, and \(folder)/a/1.pgm one of 1x2x1; all must have one "
          + "size and the same channels, or be brought to one (train --image-size)")
      try File.write(Array("P5 1 1 255 ".utf8), to: folder.appending("a/2.pgm"))
      #expect(
        text()
          == "\(folder)/a/2.pgm: is cut off: 1x1 pixels of 1 values need 1 bytes after the header, and 0 are there; copy or download it again"
      )
      try File.createFolder(folder.appending("b"))
      try File.write([1], to: folder.appending("b/5.GIF"))
      #expect(
        text()
          == "\(folder)/b: has no PNG, JPEG, PGM or PPM pictures; convert 5.GIF and the like to one of them")
      let missing = folder.appending("missing")
      #expect(
        message { _ = try ImageFolder.load(missing) }
          == "\(missing): there is no such folder; name one with a sub-folder of pictures for each class")
    }
  }

  @Test func picturesMayHaveAnyFormat() throws {
    try withFolder { folder in
      try write(3, "a/1.pgm", in: folder)
      let picture = HostArray([7, 7] as [UInt8], shape: [1, 2, 1])
      try Picture.write(picture, to: folder.appending("a/2.PNG"))
      try Picture.write(picture, to: folder.appending("a/3.jpeg"), quality: 100)
      #expect(try first(ImageFolder.load(folder)) == [3, 7, 7])
      try File.write([1, 2], to: folder.appending("a/4.png"))
      #expect(
        message { _ = try ImageFolder.load(folder) }
          == "\(folder)/a/4.png: is no picture in a format that is read here: PNG, JPEG, PGM and PPM")
    }
  }

  /// Of different sizes, one of them in colours.
  @Test func picturesAreBroughtToASize() throws {
    try withFolder { folder in
      let grey = HostArray([10, 30, 50, 70] as [UInt8], shape: [2, 2, 1])
      let color = HostArray((0..<18).map { UInt8(9 * $0) }, shape: [2, 3, 3])
      try File.createFolder(folder.appending("a"))
      try Picture.write(grey, to: folder.appending("a/1.png"))
      try Picture.write(color, to: folder.appending("a/2.png"))
      let size = PictureSize(height: 3, width: 4)
      let images = try ImageFolder.load(folder, size: size).images
      #expect(images.shape == [2, 3, 4, 3])
      let expected = [grey.inColor(), color].flatMap { $0.resized(height: 3, width: 4).bytes }
      #expect(images.bytes == expected)
      #expect(try Dataset.load(folder: folder, .test, size: size).imageShape == [3, 4, 3])
      try File.remove(folder.appending("a/2.png"))
      #expect(try ImageFolder.load(folder, size: size).imageShape == [3, 4, 1])
    }
  }

  /// A test part has as many channels as the training part, whatever its own pictures have.
  @Test(arguments: [(1, 3), (3, 1)]) func partsHaveTheSameChannels(_ training: Int, _ test: Int) throws {
    try withFolder { folder in
      for (part, channels) in [("train", training), ("test", test)] {
        try File.createFolder(folder.appending("\(part)/a"))
        let picture = PictureFile.noise([3, 3, channels])
        for name in ["1.png", "2.png"] {
          try Picture.write(picture, to: folder.appending("\(part)/a/\(name)"))
        }
      }
      let size = PictureSize(height: 2, width: 2)
      for part in DatasetPart.allCases {
        let data = try ImageFolder.load(part, directory: folder, size: size)
        #expect(data.imageShape == [2, 2, training])
      }
    }
  }

  @Test func sizesAreReadFromText() throws {
    #expect(try PictureSize("96x128") == PictureSize(height: 96, width: 128))
    #expect(try PictureSize("7") == PictureSize(height: 7, width: 7) && "\(PictureSize("7"))" == "7x7")
    for text in ["", "x", "3x", "0", "3x4x5", "-1", "65537", "a", "99999999999999999999"] {
      #expect(
        message { _ = try PictureSize(text) }
          == "a size of pictures is written HEIGHTxWIDTH, as in 96x128, or 96 for 96x96, each 1 to 65536; received "
          + text)
    }
  }

  @Test func onePictureMakesNoTwoParts() throws {
    try withFolder { folder in
      try write(1, "a/1.pgm", in: folder)
      #expect(
        message { _ = try ImageFolder.load(.train, directory: folder) }.hasSuffix(
          "has too few pictures for a training and a test part: 1; at least 2 are needed"))
    }
  }
}
