#if Imaging
  import MartletTestSupport
  import Testing

  @testable import MartletTraining

  struct PictureFilesTests {
    private let data = Shapes.dataset(count: 40, height: 12, width: 12, channels: 1, seed: 9)

    private func model() throws -> Sequential {
      let model = Sequential {
        Flatten()
        Dropout(0.3)
        Dense(10)
      }
      try withContext(seed: 1) { try model.build(input: [12, 12, 1]) }
      return model
    }

    @discardableResult private func fit(
      _ model: any Layer, epochs: Int, _ callbacks: [any Callback]
    ) throws -> History {
      try withContext(seed: 7) {
        try model.fit(
          data, validation: data.prefix(20), epochs: epochs, batchSize: 20, optimizer: Adam(), seed: 2,
          callbacks: callbacks)
      }
    }

    /// The last epoch's stay, and those of 1, 2, 5 and so on.
    @Test func theFolderHoldsTheFirstTheLastAndSomeBetween() throws {
      let folder = try temporaryFolder()
      let pictures = folder.appending("pictures")
      try fit(model(), epochs: 13, [PictureFiles(pictures, count: 6)])
      #expect(
        try File.names(in: pictures)
          == ["epoch-1.png", "epoch-10.png", "epoch-13.png", "epoch-2.png", "epoch-5.png"])
      // Six of 192 pixels with two lines of text, in two rows with gaps and margins of 8.
      #expect(try Picture.read(pictures.appending("epoch-13.png")).shape == [2 * 240 + 24, 3 * 192 + 32, 3])
      try File.write([1], to: pictures.appending("mine.png"))
      try PictureFiles.removeAll(in: pictures)
      #expect(try File.names(in: pictures) == ["mine.png"])
      #expect((0...1000).filter(PictureFiles.isKept) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])
    }

    @Test func theRunIsTheSameWithThem() throws {
      let folder = try temporaryFolder()
      let models = [try model(), try model()]
      var random: [TrainingState.RandomPosition?] = []
      let listener = Listener { _, training in random.append(training.state.random) }
      try fit(models[0], epochs: 2, [listener])
      let without = random
      random = []
      try fit(
        models[1], epochs: 2,
        [PictureFiles(folder), CurvesFile(folder.appending("curves.png")), listener])
      #expect(try models[0].weightsHash() == models[1].weightsHash() && random == without)
    }

    /// Both parts of the loss and of the first measure.
    @Test func curvesAreThoseOfTheHistory() throws {
      let path = try temporaryFolder().appending("curves.png")
      let history = try fit(model(), epochs: 3, [CurvesFile(path)])
      let panels = history.plot().panels
      #expect(panels.map(\.title) == ["loss", "accuracy"])
      for (panel, name) in zip(panels, ["loss", "accuracy"]) {
        #expect(panel.curves.map(\.name) == ["train", "validation"])
        let training: [Double] = history.map { $0.training[name]! }
        let validation: [Double] = history.map { $0.validation![name]! }
        #expect(panel.curves[0].points.map(\.y) == training)
        #expect(panel.curves[1].points.map(\.y) == validation)
        #expect(panel.curves[0].points.map(\.x) == [1, 2, 3])
      }
      #expect(try Picture.read(path) == history.plot().picture().hostArray)
      #expect(History([]).plot().panels.count == 1)
    }

    /// What a run that was killed half wrote is gone when it goes on.
    @Test func halfWrittenPicturesAreClearedAway() throws {
      let run = RunFolder(try temporaryFolder())
      try File.createFolder(run.picturesFolder)
      let (half, whole) = (
        run.picturesFolder.appending(".epoch-3.png.1-2.partial"), run.picturesFolder.appending("epoch-2.png")
      )
      for file in [half, whole] { try File.write([1], to: file) }
      try run.write(RunConfiguration())
      #expect(!File.exists(half) && File.exists(whole))
      try run.create(RunConfiguration())
      #expect(!File.exists(run.picturesFolder))
    }

    /// A task without pictures makes no folder.
    @Test func someTasksHaveNoPictures() throws {
      let folder = try temporaryFolder().appending("pictures")
      let inputs = HostArray([1, 2, 3, 4] as [Float], shape: [4, 1])
      let model = Dense(1)
      try model.build(input: [1])
      try model.fit(
        inputs, inputs, validation: (inputs, inputs), optimizer: SGD(), loss: .meanSquaredError,
        callbacks: [PictureFiles(folder)])
      #expect(!File.exists(folder))
    }
  }
#endif
