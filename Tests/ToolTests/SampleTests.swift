#if Imaging
  import MartletTestSupport
  import Testing

  /// `martlet sample` on runs of a few steps.
  @Suite struct SampleTests {
    private func trained() throws -> FilePath {
      let run = try temporaryFolder().appending("gan")
      let training = try Command(
        "train", "--model", "wgan-gp", "--data", "shapes", "--steps", "2", "--batch-size", "4", "--json",
        "--output", run.string)
      #expect(training.status == 0, "\(training.errors)")
      #expect(training.lines.last?.contains("\"frechet_distance\":") == true)
      return run
    }

    @Test func drawsWhatTheGeneratorMakes() throws {
      let run = try trained()
      func bytes(_ name: String, _ options: String...) throws -> [UInt8] {
        let file = run.appending(name)
        let command = try Command(["sample", "--run", run.string, "--output", file.string] + options)
        #expect(command.status == 0, "\(command.errors)")
        return try File.read(file)
      }
      let pictures = try bytes("a.png", "--count", "5", "--seed", "3")
      // Three in a row, with gaps of two, as squares of six pixels so that the whole is at least 512 wide.
      #expect(try Picture.decode(pictures).shape == [6 * 58, 6 * 88, 3])
      #expect(try bytes("b.png", "--count", "5", "--seed", "3") == pictures)
      #expect(try bytes("c.png", "--count", "5", "--seed", "4") != pictures)
      #expect(try NumPy.decode(bytes("d.npy", "--count", "300")).shape == [300, 28, 28, 1])
      // Two rows of three.
      #expect(try NumPy.decode(bytes("e.npy", "--count", "5", "--interpolate", "3")).shape == [6, 28, 28, 1])
      let plain = try Command("sample", "--run", run.string, "--json")
      #expect(plain.output == "{\"count\":64,\"output\":\"\(run)/samples.png\",\"seed\":0}\n")
      let wrong = try Command("sample", "--run", run.string, "--output", "x.gif")
      #expect(
        wrong.errors
          == "martlet: x.gif: pictures are written to files that end in npy, \(Picture.endingList)\n")
      #expect(wrong.status == 1)
    }

    @Test func onlyGeneratorsAreDrawn() throws {
      let run = try temporaryFolder().appending("cnn")
      #expect(
        try Command("train", "--data", "shapes", "--steps", "1", "--batch-size", "4", "--output", run.string)
          .status == 0)
      let wrong = try Command("sample", "--run", run.string)
      #expect(wrong.errors == "martlet: sample draws what a generator makes; basic-cnn has none. dcgan has\n")
      let none = try Command("sample", "--run", run.string, "--interpolate", "1")
      #expect(none.status != 0)
    }
  }
#endif
