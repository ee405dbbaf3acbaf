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
