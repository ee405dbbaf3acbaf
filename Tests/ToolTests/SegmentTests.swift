import Glibc
import MartletTestSupport
import Testing

/// `martlet segment` on a network that has hardly learned, since what it draws is checked elsewhere.
@Suite(.enabled(if: hasImaging)) struct SegmentTests {
  @Test func picturesOfAnySizeAreSegmented() throws {
    let folder = try temporaryFolder()
    defer { _ = system("rm -r '\(folder)'") }
    let (run, pictures) = (folder.appending("run"), folder.appending("pictures"))
    let training = try Command(
      "train", "--model", "unet", "--data", "shapes", "--steps", "1", "--batch-size", "1",
      "--validation-split", "0.0002", "--output", run.string)
    #expect(training.status == 0, "\(training.errors)")
    #expect(try Picture.read(run.appending("pictures/epoch-1.png")).shape == [2 * 128 + 24, 388 + 16, 3])

    func noise(_ shape: Shape) -> HostArray {
      HostArray((0..<shape.count).map { UInt8($0 * $0 % 251) }, shape: shape)
    }
    try put(JPEG.encode(noise([37, 50, 3])), pictures.appending("a.jpg"))
    try put(Netpbm.encode(noise([8, 400, 1])), pictures.appending("b.pgm"))
    try put([1], pictures.appending("notes.txt"))
    let output = folder.appending("drawn")
    let all = try Command(
      "segment", "--run", run.string, "--images", pictures.string, "--output", output.string, "--json")
    #expect(all.status == 0 && all.lines.count == 2, "\(all.errors)")
    for (line, size) in zip(all.lines, [(37, 50), (8, 400)]) {
      #expect(line.contains("\"height\":\(size.0),") && line.contains("\"width\":\(size.1)"))
      #expect(line.contains("{\"class\":\"ground\",\"mask_value\":0,\"share\":"))
      #expect(line.contains("{\"class\":\"bar\",\"mask_value\":10,\"share\":"))
      let shares = line.split(separator: "\"share\":").dropFirst().compactMap {
        Double($0.prefix { !"},]".contains($0) })
      }
      #expect(shares.count == 11 && abs(shares.reduce(0, +) - 1) < 1e-9)
    }
    #expect(try File.names(in: output) == ["a.png", "b.png"])
    // Eight times as large, with a margin; the legend is beside it.
    let drawn = try Picture.read(output.appending("a.png")).shape
    #expect(drawn[0] >= 37 * 8 + 24 && drawn[1] > 400 + 24)

    let one = try Command(
      "segment", "--run", run.string, "--images", pictures.appending("b.pgm").string, "--output",
      folder.appending("one.jpg").string)
    #expect(one.status == 0 && one.lines.count == 1, "\(one.errors)")
    #expect(one.output.hasSuffix("written to \(folder)/one.jpg\n") && one.output.contains(" %  "))
    #expect(JPEG.isJPEG(try File.read(folder.appending("one.jpg"))))

    // Two of one name, and the run's own pictures in its own folder.
    try put(Netpbm.encode(noise([8, 8, 1])), pictures.appending("a.pgm"))
    let named = try Command("segment", "--run", run.string, "--images", pictures.string)
    #expect(named.status == 0, "\(named.errors)")
    #expect(try File.names(in: run.appending("segments")) == ["a.jpg.png", "a.pgm.png", "b.pgm.png"])
    let own = try Command("segment", "--run", run.string)
    #expect(own.lines.count == 8 && File.exists(run.appending("segments/7.png")), "\(own.errors)")
  }

  /// Of pictures of any size with masks: classes and channels come from the folder, and 255 counts nowhere.
  @Test func aFolderOfMasksIsLearned() throws {
    let folder = try temporaryFolder()
    defer { _ = system("rm -r '\(folder)'") }
    for (part, count) in [("train", 5), ("test", 2)] {
      for index in 0..<count {
        let (height, width) = (16 + index, 20 - index)
        let values = (0..<height * width).map { [0, 1, 1, 255, 2][$0 % 5] as UInt8 }
        for (kind, channels) in [("images", 3), ("masks", 1)] {
          let picture = HostArray(
            channels == 1 ? values : values.flatMap { [$0, 255 - $0, 9] }, shape: [height, width, channels])
          try put(PNG.encode(picture), folder.appending("cells/\(part)/\(kind)/\(index).png"))
        }
      }
    }
    try put(Array("ground\nleft\nright\n".utf8), folder.appending("cells/classes.txt"))
    let run = folder.appending("run").string
    let data = ["--data", "folder:\(folder)/cells"]
    let training = try Command(
      ["train", "--model", "unet", "--image-size", "16", "--steps", "2", "--batch-size", "2", "--augment"]
        + ["flip,rotate=20", "--loss", "dice", "--output", run] + data)
    #expect(
      training.status == 0 && training.output.contains(" (5 pictures of 16x16x3)"), "\(training.errors)")
    let evaluation = try Command("evaluate", "--run", run)
    let table = evaluation.lines.suffix(4).map { $0.split(separator: " ") }
    #expect(table.map(\.first) == ["class", "background", "left", "right"], "\(evaluation.errors)")
    let pixels = try DataSource(name: data[1]).load(
      .test, size: [16, 16, 3], imageSize: PictureSize("16"), supervision: .masks
    ).batch([0, 1]).masks!.bytes
    #expect(table.dropFirst().map { Int($0[3]) } == (0...2).map { value in pixels.count { $0 == value } })
    #expect(pixels.contains(255))
    let segments = try Command("segment", "--run", run)
    #expect(segments.status == 0 && segments.lines.count == 2, "\(segments.errors)")
    let classes = try Command(["train", "--model", "resnet20"] + data)
    #expect(
      classes.errors
        == "martlet: \(folder)/cells has masks and no class for each picture; train a network with a class for every "
        + "pixel, as unet is\n")
  }

  /// A folder of photos in all sizes becomes a data set of one.
  @Test func picturesOfAFolderAreBroughtToASize() throws {
    let folder = try temporaryFolder()
    defer { _ = system("rm -r '\(folder)'") }
    for index in 0..<10 {
      let shape: Shape = [20 + index, 30 - index, index % 3 == 0 ? 1 : 3]
      let picture = HostArray([UInt8](repeating: UInt8(20 * index), count: shape.count), shape: shape)
      try put(JPEG.encode(picture), folder.appending("faces/\(index % 2)/\(index).jpg"))
    }
    let run = folder.appending("run").string
    let training = try Command(
      "train", "--data", "folder:\(folder)/faces", "--image-size", "28", "--steps", "2", "--batch-size", "4",
      "--output", run)
    #expect(training.status == 0 && training.output.contains(" pictures of 28x28x3)"), "\(training.errors)")
    #expect(try Command("evaluate", "--run", run).status == 0)
    let other = try Command("train", "--resume", run, "--epochs", "9", "--image-size", "30")
    #expect(
      other.errors
        == "martlet: --image-size 30 contradicts the run, which has 28; leave it out, or start another run\n")
  }
}
