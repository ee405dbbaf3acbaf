#if Imaging
  import MartletData
  import MartletImaging
  import MartletLayers

  /// Writes what the task shows of some validation pictures to a folder after each epoch, as `epoch-7.png`. Those of the
  /// last epoch stay, and those of 1, 2, 5, 10, 20, 50 and so on.
  public struct PictureFiles: Callback {
    public let folder: FilePath
    /// How many validation pictures are shown.
    public let count: Int

    public init(_ folder: FilePath, count: Int = 8) {
      precondition(count > 0, "at least one picture is shown; received \(count)")
      self.folder = folder
      self.count = count
    }

    public func receive(_ event: TrainingEvent, from training: Training) throws {
      guard case .epochEnded(let record) = event else { return }
      let pictures = try training.pictures(count)
      guard !pictures.isEmpty else { return }
      try File.createFolder(folder)
      try Picture.write(Self.sheet(pictures).hostArray, to: file(record.epoch))
      if !Self.isKept(record.epoch - 1) { try File.remove(file(record.epoch - 1)) }
    }

    /// Removes what was written to a folder, and the folder where nothing else is in it.
    ///
    /// - Throws: `FileError`.
    public static func removeAll(in folder: FilePath) throws {
      guard File.isFolder(folder) else { return }
      for name in try File.names(in: folder) where name.hasPrefix("epoch-") && name.hasSuffix(".png") {
        try File.remove(folder.appending(name))
      }
      File.removeIfEmpty(folder)
    }

    private func file(_ epoch: Int) -> FilePath { folder.appending("epoch-\(epoch).png") }

    /// Whether an epoch is 1, 2 or 5 times a power of ten.
    static func isKept(_ epoch: Int) -> Bool {
      var rest = epoch
      while rest > 0 && rest % 10 == 0 { rest /= 10 }
      return [1, 2, 5].contains(rest)
    }

    /// Pictures in rows, about half as wide again as high.
    private static func sheet(_ pictures: [TaskPicture]) -> ColorPicture {
      let drawn = pictures.map { ColorPicture($0.picture) }
      let shape = Double(drawn[0].height) / Double(drawn[0].width)
      let columns = Int((Double(drawn.count) * shape * 1.5).squareRoot().rounded())
      return .grid(drawn, columns: max(1, min(drawn.count, columns)), gap: 8).framed(by: 8)
    }
  }

  extension Training {
    /// What the task shows of pictures that are spread over the validation data, which may be sorted by classes.
    func pictures(_ count: Int) throws -> [TaskPicture] {
      guard let data = validation, case let count = min(count, data.count), count > 0 else { return [] }
      let batch = data.batch((0..<count).map { $0 * data.count / count })
      // Whatever a task does, the run's random keys stay where they are.
      return try withContext(seed: 0) {
        try task.pictures(model, of: batch, classNames: data.classNames)
      }
    }
  }
#endif
