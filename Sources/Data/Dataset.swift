import MartletCore

/// Labelled pictures in host memory.
///
/// Copies, parts and shuffled orders share the pictures of the data set they come from, so they cost no more than a
/// list of rows.
///
/// ```swift
/// let (train, test) = try FashionMNIST.load()
/// train.count                            // 60000
/// train.batch([0, 1, 2]).images.shape    // 3x28x28x1
/// for batch in train.shuffled(seed: 7, epoch: 0).batches(of: 64) { ... }
/// ```
public struct Dataset: Sendable {
  public let name: String
  /// The name of class i is at place i.
  public let classNames: [String]
  private let allImages: HostArray
  private let allLabels: HostArray
  /// Rows of the stored arrays in this data set's order; nil for all of them in theirs.
  private var rows: [Int]?
  /// How pictures are changed on their way into a batch.
  private var changes: AugmentedPictures?

  /// - Parameters:
  ///   - images: uint8 or float32, (N, H, W, C).
  ///   - labels: int32, (N), each the index of a class name.
  /// - Throws: `ShapeError` where they do not fit together.
  public init(name: String, images: HostArray, labels: HostArray, classNames: [String]) throws {
    guard images.shape.rank == 4, images.dtype == .uint8 || images.dtype == .float32 else {
      throw ShapeError(
        "images must be uint8 or float32 of shape (N, H, W, C); received \(images.shape) \(images.dtype)")
    }
    guard labels.shape.rank == 1, labels.dtype == .int32 else {
      throw ShapeError("labels must be int32 of shape (N); received \(labels.shape) \(labels.dtype)")
    }
    guard images.shape[0] == labels.shape[0] else {
      throw ShapeError(
        "each image needs one label; received \(images.shape[0]) images, \(labels.shape[0]) labels")
    }
    for (row, label) in labels.values(as: Int32.self).enumerated()
    where !classNames.indices.contains(Int(label)) {
      throw ShapeError("label \(label) of image \(row) is outside the classes 0..<\(classNames.count)")
    }
    self.name = name
    self.classNames = classNames
    allImages = images
    allLabels = labels
  }

  /// The number of pictures.
  public var count: Int { rows?.count ?? allImages.shape[0] }
  /// Height, width and channels of a picture.
  public var imageShape: Shape { changes?.shape ?? allImages.shape.removing(axis: 0) }
  public var imageType: DType { allImages.dtype }

  /// All pictures, (N, H, W, C). Of a part, another order or an augmented data set this is a copy.
  public var images: HostArray {
    rows == nil && changes == nil ? allImages : chosenImages(rows ?? Array(0..<count))
  }
  /// All labels, int32, (N). Of a part or another order of a data set this is a copy.
  public var labels: HostArray { rows.map { Self.gather(allLabels, $0) } ?? allLabels }

  /// The pictures with the given indices, in that order.
  public func batch(_ indices: some Collection<Int>) -> Batch {
    for index in indices {
      precondition(
        index >= 0 && index < count, "picture \(index) is outside \(name), which has \(count) pictures")
    }
    let chosen = indices.map { rows?[$0] ?? $0 }
    return Batch(images: chosenImages(chosen), labels: Self.gather(allLabels, chosen))
  }

  private func chosenImages(_ rows: [Int]) -> HostArray {
    changes?.gather(allImages, rows) ?? Self.gather(allImages, rows)
  }

  /// The pictures of a range of indices as a data set of its own.
  public func subset(_ range: Range<Int>) -> Dataset {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "the range \(range) is outside \(name), which has \(count) pictures")
    return with(rows: rows.map { Array($0[range]) } ?? Array(range))
  }

  /// The first pictures, or all where there are fewer.
  public func prefix(_ limit: Int) -> Dataset { subset(0..<min(limit, count)) }

  /// The pictures in an order that is a pure function of seed and epoch.
  public func shuffled(seed: UInt64, epoch: Int = 0) -> Dataset {
    let order = Self.order(count: count, seed: seed, epoch: epoch)
    return with(rows: rows.map { rows in order.map { rows[$0] } } ?? order)
  }

  /// Two parts, the second of `validation` pictures: the last ones, or with a seed a random choice.
  public func split(validation: Int, seed: UInt64? = nil) -> (training: Dataset, validation: Dataset) {
    precondition(
      validation >= 0 && validation <= count,
      "\(validation) pictures for validation cannot be taken from \(name), which has \(count)")
    let source = seed.map { shuffled(seed: $0) } ?? self
    return (source.subset(0..<count - validation), source.subset(count - validation..<count))
  }

  /// The test part that a seed draws, or what it leaves for training, of pictures that come without parts.
  ///
  /// - Throws: `FormatError` where there are too few pictures for two parts.
  public func part(_ part: DatasetPart, testShare: Double = 0.2, seed: UInt64 = 0) throws -> Dataset {
    precondition(testShare > 0 && testShare < 1, "a share lies between 0 and 1; received \(testShare)")
    guard count >= 2 else {
      throw FormatError("\(name) has too few pictures for a training and a test part: \(count)")
    }
    let size = min(count - 1, max(1, Int((Double(count) * testShare).rounded())))
    let parts = split(validation: size, seed: seed)
    return part == .train ? parts.training : parts.validation
  }

  /// 0 ..< count in an order that is a pure function of seed and epoch (Fisher and Yates's shuffle on Philox numbers).
  public static func order(count: Int, seed: UInt64, epoch: Int) -> [Int] {
    var order = Array(0..<count)
    // The upper half of the streams of a seed belongs to orders; the lower one to those who draw pictures.
    var generator = PhiloxGenerator(seed: seed, stream: 1 << 63 | UInt64(epoch))
    for last in stride(from: count - 1, to: 0, by: -1) {
      let other = Int(generator.next().multipliedFullWidth(by: UInt64(last + 1)).high)
      order.swapAt(last, other)
    }
    return order
  }

  /// The same pictures, changed at random on their way into a batch: each one as a pure function of seed, epoch and
  /// its place in the stored arrays, whatever part, order or batch it comes in.
  ///
  /// ```swift
  /// let epoch = train.shuffled(seed: 7, epoch: 3).augmented(by: try Augmentation("flip,shift=2"), seed: 7, epoch: 3)
  /// ```
  /// - Throws: `ShapeError` for pictures that are not uint8 with 1 or 3 channels, or too small to be cropped.
  public func augmented(by augmentation: Augmentation, seed: UInt64, epoch: Int = 0) throws -> Dataset {
    var result = self
    result.changes = try AugmentedPictures(
      augmentation, of: allImages.shape.removing(axis: 0), dtype: imageType, seed: seed, epoch: epoch)
    return result
  }

  private func with(rows: [Int]) -> Dataset {
    var result = self
    result.rows = rows
    return result
  }

  /// Copies rows of an array into a new one.
  private static func gather(_ array: HostArray, _ rows: [Int]) -> HostArray {
    var shape = array.shape
    shape[0] = rows.count
    let size = array.shape.count(of: 1..<array.shape.rank) * array.dtype.byteCount
    return HostArray(shape: shape, dtype: array.dtype) { target in
      array.withUnsafeBytes { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for (place, row) in rows.enumerated() {
          (to + place * size).copyMemory(from: from + row * size, byteCount: size)
        }
      }
    }
  }
}

/// Pictures and labels that go through a network together.
public struct Batch: Sendable, Equatable {
  /// (N, H, W, C), uint8 or float32 as in the data set.
  public var images: HostArray
  /// int32, (N).
  public var labels: HostArray

  public init(images: HostArray, labels: HostArray) {
    self.images = images
    self.labels = labels
  }

  public var count: Int { labels.shape[0] }
}
