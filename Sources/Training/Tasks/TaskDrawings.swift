#if Imaging
  import MartletData
  import MartletImaging
  import MartletLayers

  extension Classification {
    /// Each picture with the class it is taken for, the probability of that, and the true class, on green where they are
    /// the same and on red where they are not.
    public func pictures(
      _ model: any Layer, of batch: Batch, classNames: [String]
    ) throws -> [TaskPicture] {
      guard batch.images.isPictures, batch.labels.dtype == .int32, batch.labels.shape.rank == 1 else {
        return []
      }
      let guesses = try predict(model, images: batch.images)
      let labels = batch.labels.values(as: Int32.self).map(Int.init)
      func name(_ label: Int) -> String {
        classNames.indices.contains(label) ? classNames[label] : "\(label)"
      }
      return ColorPicture.pictures(of: batch.images).enumerated().map { index, picture in
        let (guess, label) = (guesses[index], labels[index])
        let share = Int((max(0, min(1, guess.probability)) * 100).rounded())
        let captioned = picture.enlarged(toWidth: 192).captioned(
          ["\(share)% \(name(guess.label))", "is \(name(label))"],
          color: guess.label == label ? [0, 112, 48] : [168, 24, 24])
        return TaskPicture(
          name: "\(numbered(index, of: batch.count)) \(name(label))", picture: captioned.hostArray)
      }
    }
  }

  extension Segmentation {
    /// Each picture beside its true mask and the predicted one, black for the ground and a colour for each class.
    public func pictures(
      _ model: any Layer, of batch: Batch, classNames: [String]
    ) throws -> [TaskPicture] {
      guard batch.images.isPictures, let masks = batch.masks else { return [] }
      let images = try Tensor(batch.images)
      let predicted = try compute(phase: .inference) {
        model(Classification.input(images)).argmax(axis: -1).cast(to: .uint8)
      }
      let pictures = zip(
        ColorPicture.pictures(of: batch.images),
        zip(ColorPicture.pictures(ofMasks: masks), ColorPicture.pictures(ofMasks: try predicted.hostArray())))
      return pictures.enumerated().map { index, row in
        let (picture, (truth, prediction)) = row
        return TaskPicture(
          name: "\(numbered(index, of: batch.count)) with truth and prediction",
          picture: ColorPicture.grid([picture, truth, prediction], columns: 3).hostArray)
      }
    }
  }

  extension Adversarial {
    /// Generated pictures, and rows of them on the way from one noise to another; always of the same noise.
    public func pictures(
      _ model: any Layer, of batch: Batch, classNames: [String]
    ) throws -> [TaskPicture] {
      // Random keys of its own: those of the run are not to be taken.
      try withContext(seed: 0) {
        let network = try network(model)
        let noise = network.noise(64)
        let ways = network.noise(from: network.noise(8), to: network.noise(8), steps: 8)
        return try [("generated", noise), ("interpolated", ways)].map { name, noise in
          let sheet = ColorPicture.grid(ColorPicture.pictures(of: try samples(model, of: noise)), columns: 8)
          return TaskPicture(name: name, picture: sheet.enlarged(toWidth: 128).hostArray)
        }
      }
    }
  }

  extension HostArray {
    fileprivate var isPictures: Bool { shape.rank == 4 && (dtype == .uint8 || dtype == .float32) }
  }

  /// From 0, with zeros in front so that the order of the names is that of the numbers.
  private func numbered(_ index: Int, of count: Int) -> String {
    let (text, width) = ("\(index)", "\(max(0, count - 1))".count)
    return String(repeating: "0", count: width - text.count) + text
  }
#endif
