import MartletCore

/// An augmentation of pictures of one size in one epoch.
struct AugmentedPictures: Sendable {
  /// Height, width and channels of the results.
  let shape: Shape
  private let augmentation: Augmentation
  private let source: Shape
  private let seed: UInt64
  private let epoch: Int

  init(_ augmentation: Augmentation, of source: Shape, dtype: DType, seed: UInt64, epoch: Int) throws {
    precondition(
      (0..<1 << 22).contains(epoch), "epochs are numbered from 0 to \(1 << 22 - 1); received \(epoch)")
    guard dtype == .uint8, source[2] == 1 || source[2] == 3 else {
      throw ShapeError(
        "pictures are augmented as uint8 with 1 or 3 channels; received \(source) \(dtype)")
    }
    var frame = source
    for case .crop(let size, let padding) in augmentation.steps {
      guard size <= min(frame[0], frame[1]) + 2 * padding else {
        throw ShapeError(
          "augmentation \(augmentation): \(size)x\(size) pixels do not fit into \(frame[0])x\(frame[1]) with "
            + "\(padding) around it; crop at most \(min(frame[0], frame[1]) + 2 * padding), or add padding, as in "
            + "crop=\(size)+\((size - min(frame[0], frame[1]) + 1) / 2)")
      }
      frame = [size, size, source[2]]
    }
    self.augmentation = augmentation
    self.source = source
    shape = frame
    self.seed = seed
    self.epoch = epoch
  }

  /// Rows of an array of pictures, each changed as the number of its sample says.
  func gather(_ images: HostArray, _ rows: [Int], samples: [Int]) -> HostArray {
    gather(images, rows, channels: shape[2]) { place, picture, target in
      var (placement, generator) = placement(sample: samples[place])
      placement.write(
        picture, height: source[0], width: source[1], channels: shape[2], to: target.baseAddress!)
      var values = PictureValues(target, shape)
      for step in augmentation.steps where !step.isGeometric { values.apply(step, &generator) }
    }.reshaped(shape.inserting(rows.count, at: 0))
  }

  /// Rows of an array of masks, (N, H, W), each moved as the picture of its sample is. A pixel has the class of the nearest
  /// one, since classes cannot be mixed.
  func gather(masks: HostArray, _ rows: [Int], samples: [Int]) -> HostArray {
    gather(masks, rows, channels: 1) { place, mask, target in
      placement(sample: samples[place]).placement.write(
        mask, height: source[0], width: source[1], channels: 1, isMixing: false, to: target.baseAddress!)
    }.reshaped([rows.count, shape[0], shape[1]])
  }

  private func gather(
    _ array: HostArray, _ rows: [Int], channels: Int,
    _ write: (_ place: Int, UnsafePointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) -> Void
  ) -> HostArray {
    let (size, step) = (shape[0] * shape[1] * channels, source[0] * source[1] * channels)
    return HostArray(shape: [rows.count, size], dtype: .uint8) { target in
      array.withUnsafeBytes { bytes in
        guard let from = bytes.bindMemory(to: UInt8.self).baseAddress, size > 0,
          let to = target.bindMemory(to: UInt8.self).baseAddress
        else { return }
        for (place, row) in rows.enumerated() {
          write(
            place, from + row * step, UnsafeMutableBufferPointer(start: to + place * size, count: size))
        }
      }
    }
  }

  /// Where the pixels of a sample come from, and the numbers of the steps that are left.
  private func placement(sample: Int) -> (placement: Resampling, generator: PhiloxGenerator) {
    // Streams with the bits 01 in front are those of augmentations; orders and drawn pictures have others.
    var generator = PhiloxGenerator(seed: seed, stream: 1 << 62 | UInt64(epoch) << 40 | UInt64(sample))
    var placement = Resampling(height: source[0], width: source[1])
    for step in augmentation.steps where step.isGeometric { placement.add(step, &generator) }
    return (placement, generator)
  }
}
