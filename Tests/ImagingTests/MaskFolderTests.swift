import MartletTestSupport
import Testing

/// Pictures with masks in both layouts, and what is said of folders that are not as they should be.
struct MaskFolderTests {
  /// A file with the bytes of a picture or a mask, row by row.
  private func write(
    _ name: String, _ values: [UInt8], height: Int = 2, channels: Int = 1, in folder: FilePath
  ) throws {
    let path = folder.appending(name)
    try File.createFolder(path.removingLastComponent())
    let width = values.count / (height * channels)
    try Picture.write(HostArray(values, shape: [height, width, channels]), to: path)
  }

  private func write(text: String, _ name: String, in folder: FilePath) throws {
    let path = folder.appending(name)
    try File.createFolder(path.removingLastComponent())
    try File.write(Array(text.utf8), to: path)
  }

  private func masks(_ data: Dataset) -> [UInt8] { data.batch(0..<data.count).masks!.bytes }

  @Test func masksBelongToPicturesOfTheirName() throws {
    try withFolder { folder in
      try write("images/b.pgm", [1, 2, 3, 4], in: folder)
      try write("images/a.png", [5, 6, 7, 8], in: folder)
      try write("masks/a.png", [0, 2, 2, 255], in: folder)
      try write("masks/b.png", [0, 1, 0, 255], in: folder)
      try write(text: "notes", "masks/notes.txt", in: folder)
      let all = try [DatasetPart.train, .test].map {
        try MaskFolder.load($0, directory: folder, testShare: 0.5, seed: 1)
      }
      #expect(MaskFolder.isOne(folder) && all.map(\.count) == [1, 1])
      #expect(all[0].classNames == ["1", "2"] && all[0].imageShape == [2, 2, 1])
      for data in all {
        let isFirst = data.images.bytes == [5, 6, 7, 8]
        #expect(masks(data) == (isFirst ? [0, 2, 2, 255] : [0, 1, 0, 255]))
        // The class that has most pixels.
        #expect(data.labels.values() == [isFirst ? 1 : 0] as [Int32])
      }
      #expect(masks(all[0]) != masks(all[1]))
      #expect(
        try Dataset.load(folder: folder, .train, testShare: 0.5, seed: 1).batch([0]) == all[0].batch([0]))
    }
  }

  @Test func partsAreFolders() throws {
    try withFolder { folder in
      for (part, value) in [("train", UInt8(2)), ("test", 1)] {
        try write("\(part)/images/a.png", [value, 0], height: 1, in: folder)
        try write("\(part)/masks/a.png", [0, value], height: 1, in: folder)
      }
      let test = try MaskFolder.load(.test, directory: folder)
      #expect(MaskFolder.isOne(folder) && masks(test) == [0, 1] && test.classNames == ["1", "2"])
      #expect(try masks(MaskFolder.load(.train, directory: folder)) == [0, 2])
      // A test part may have no class at all; one that the training part has not is named.
      try write("test/masks/a.png", [0, 255], height: 1, in: folder)
      #expect(try masks(MaskFolder.load(.test, directory: folder)) == [0, 255])
      try write("test/masks/a.png", [3, 3], height: 1, in: folder)
      #expect(
        message { _ = try MaskFolder.load(.test, directory: folder) }
          == "\(folder)/test/masks/a.png: has the value 3 in 2 pixels, and the classes of the training masks end with 2; "
          + "name all in \(folder)/classes.txt, or write 255 for what is of none")
      try write(text: " ground\r\ncat \r\ndog\nbird\n\n", "classes.txt", in: folder)
      let named = try MaskFolder.load(.test, directory: folder)
      #expect(named.classNames == ["cat", "dog", "bird"] && masks(named) == [3, 3])
    }
  }

  /// Colours of a palette do not matter, lists say what belongs to which part, and 255 is the line around things.
  @Test func pascalVOC() throws {
    try withFolder { folder in
      for (index, name) in ["2007_1", "2007_2", "2007_3"].enumerated() {
        let value = UInt8(60 * index)
        try write(
          "JPEGImages/\(name).jpg", [value, value, value, value, value, value], height: 1, in: folder)
        try File.createFolder(folder.appending("SegmentationClass"))
        try File.write(
          PictureFile.palettePNG([0, 255, UInt8(15 + index), UInt8(15 + index), 0, 1]),
          to: folder.appending("SegmentationClass/\(name).png"))
      }
      try write("JPEGImages/without.jpg", [1, 2], in: folder)
      #expect(MaskFolder.isOne(folder))
      #expect(
        message { _ = try MaskFolder.load(.train, directory: folder) }
          == "\(folder)/ImageSets/Segmentation: has no list of pictures; name them a line each in train.txt and val.txt, "
          + "or all in trainval.txt")
      try write(text: "2007_3\n2007_1\n", "ImageSets/Segmentation/trainval.txt", in: folder)
      #expect(try MaskFolder.load(.train, directory: folder).count == 1)
      try write(text: "2007_3\r\n2007_1\r\n", "ImageSets/Segmentation/train.txt", in: folder)
      try write(text: "2007_2", "ImageSets/Segmentation/val.txt", in: folder)
      let (train, test) = try (
        MaskFolder.load(.train, directory: folder), MaskFolder.load(.test, directory: folder)
      )
      #expect(masks(train) == [0, 255, 17, 17, 0, 1, 0, 255, 15, 15, 0, 1])
      #expect(masks(test) == [0, 255, 16, 16, 0, 1])
      #expect(train.classNames.count == 20 && test.classNames[14...16] == ["person", "pottedplant", "sheep"])
      #expect(train.labels.values() == [16, 14] as [Int32])
      try write(text: "2007_2\n2007_9\n", "ImageSets/Segmentation/val.txt", in: folder)
      #expect(
        message { _ = try MaskFolder.load(.train, directory: folder) }
          == "\(folder)/ImageSets/Segmentation/val.txt: names 2007_9, and JPEGImages has no picture of that name; put it "
          + "there, or take out the line")
      try write(text: "without\n", "ImageSets/Segmentation/val.txt", in: folder)
      #expect(
        message { _ = try MaskFolder.load(.train, directory: folder) }
          == "\(folder)/JPEGImages/without.jpg: has no mask; put it at \(folder)/SegmentationClass/without.png, or take "
          + "the picture out")
      try write(text: " \n", "ImageSets/Segmentation/val.txt", in: folder)
      #expect(
        message { _ = try MaskFolder.load(.train, directory: folder) }
          == "\(folder)/ImageSets/Segmentation/val.txt: names no pictures; write one a line")
      try File.write(
        PictureFile.palettePNG([0, 21]), to: folder.appending("SegmentationClass/2007_2.png"))
      try write(text: "2007_2\n", "ImageSets/Segmentation/val.txt", in: folder)
      #expect(
        message { _ = try MaskFolder.load(.test, directory: folder) }.contains(
          "2007_2.png: has the value 21 in 1 pixels, and the classes of Pascal VOC end with 20; name all in ")
      )
    }
  }

  /// Pictures by mixing, masks without; grey pictures get colours where others have them.
  @Test func bothAreBroughtToASize() throws {
    try withFolder { folder in
      let (grey, color) = ((0..<6).map { UInt8(40 * $0) }, (0..<12).map { UInt8(20 * $0) })
      try write("images/a.png", grey, in: folder)
      try write("images/b.png", color, channels: 3, in: folder)
      try write("masks/a.png", [1, 2, 3, 4, 255, 0], in: folder)
      try write("masks/b.png", [7, 0, 255, 4], in: folder)
      #expect(
        message { _ = try MaskFolder.load(.train, directory: folder) }
          == "\(folder)/images/b.png: is a picture of 2x2x3, and \(folder)/images/a.png one of 2x3x1; all must have one "
          + "size and the same channels, or be brought to one (train --image-size)")
      let size = PictureSize(height: 4, width: 3)
      let parts = try DatasetPart.allCases.map {
        try MaskFolder.load($0, directory: folder, size: size, testShare: 0.5, seed: 1)
      }
      let expected: [([UInt8], [UInt8])] = [
        (
          HostArray(grey, shape: [2, 3, 1]).inColor().resized(height: 4, width: 3).bytes,
          [1, 2, 3, 1, 2, 3, 4, 255, 0, 4, 255, 0]
        ),
        (
          HostArray(color, shape: [2, 2, 3]).resized(height: 4, width: 3).bytes,
          [7, 0, 0, 7, 0, 0, 255, 4, 4, 255, 4, 4]
        ),
      ]
      for data in parts {
        #expect(data.imageShape == [4, 3, 3] && data.classNames.count == 7)
        let pair = try #require(expected.first { $0.0 == data.images.bytes })
        #expect(masks(data) == pair.1)
      }
      #expect(masks(parts[0]) != masks(parts[1]))
    }
  }

  @Test func errorsNameTheFileAndTheWayOut() throws {
    try withFolder { folder in
      func text() -> String { message { _ = try MaskFolder.load(.train, directory: folder) } }
      try File.createFolder(folder.appending("masks"))
      try File.createFolder(folder.appending("images"))
      #expect(
        text()
          == "\(folder)/images: has no PNG, JPEG, PGM or PPM pictures; put some there, or remove the folder")
      for name in ["a", "b"] { try write("images/\(name).png", [1, 2, 3, 4], in: folder) }
      try write("masks/a.png", [0, 1, 2, 1], in: folder)
      #expect(
        text()
          == "\(folder)/images/b.png: has no mask; put it at \(folder)/masks/b.png, or take the picture out")
      try write("masks/c.png", [0, 1, 2, 1], in: folder)
      #expect(
        text()
          == "\(folder)/masks/c.png: is a mask without a picture: there is none of its name in \(folder)/images; put it "
          + "there, or take the mask out")
      try write("images/c.png", [1, 2, 3, 4], in: folder)
      try write("images/c.pgm", [1, 2, 3, 4], in: folder)
      #expect(
        text()
          == "\(folder)/images/c.png: and \(folder)/images/c.pgm have one name, so that their masks cannot be told "
          + "apart; rename one")
      try File.remove(folder.appending("images/c.pgm"))
      try write("masks/b.png", [0, 1, 2, 1], height: 1, in: folder)
      #expect(
        text()
          == "\(folder)/masks/b.png: is a mask of 1x4 pixels, and \(folder)/images/b.png has 2x2; each pixel of a picture "
          + "has its class")
      try write("masks/b.png", [UInt8](repeating: 0, count: 12), channels: 3, in: folder)
      #expect(text().hasPrefix("\(folder)/masks/b.png: is a picture in colours, and no mask; "))
      try File.write(
        PNG.encode(HostArray([1] as [UInt8], shape: [1, 1, 1])).dropLast(5),
        to: folder.appending("masks/b.png"))
      #expect(text().hasPrefix("\(folder)/masks/b.png: is cut off after "))
      for name in ["a", "b", "c"] { try write("masks/\(name).png", [0, 255, 0, 0], in: folder) }
      #expect(
        text()
          == "\(folder): its masks have no class but the ground: all their pixels are 0, or 255, which counts nowhere; "
          + "write 1 where the first class is")
      try write("masks/c.png", [0, 3, 9, 9], in: folder)
      try write(text: "ground\ncat", "classes.txt", in: folder)
      #expect(
        text()
          == "\(folder)/masks/c.png: has the value 9 in 2 pixels, and the classes of \(folder)/classes.txt end with 1; "
          + "name all in \(folder)/classes.txt, or write 255 for what is of none")
      for (names, counts) in [("", "0 lines, 0"), ("cat\n", "1 lines, 0"), ("a\n\nb", "3 lines, 1")] {
        try write(text: names, "classes.txt", in: folder)
        #expect(
          text()
            == "\(folder)/classes.txt: names the classes 0, 1 and so on, a line each, the first one that of the ground: 2 "
            + "to 255 names; it has \(counts) of them empty")
      }
    }
  }

  @Test func foldersOfClassesAreNone() throws {
    try withFolder { folder in
      for name in ["images/a.png", "train/images/a.png", "train/masks/a.png", "JPEGImages/a.jpg"] {
        try write(name, [1, 2], in: folder)
      }
      #expect(!MaskFolder.isOne(folder) && !MaskFolder.isOne(folder.appending("missing")))
    }
  }
}
