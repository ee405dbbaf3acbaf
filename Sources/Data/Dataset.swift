import MartletCore

/// Labelled pictures in host memory, or drawn on demand.
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
  /// What a mask has where there is no class.
  public static let ignoredClass = 255

  public let name: String
  /// The name of class i is at place i.
  public let classNames: [String]
  private let source: Source
  /// Rows of the source in this data set's order; nil for all of them in theirs.
  private var rows: [Int]?
  /// How pictures are changed on their way into a batch.
  private var changes: AugmentedPictures?
  private var weights: SampleWeights?

  /// Where pictures come from.
  private enum Source: Sendable {
    case stored(images: HostArray, labels: HostArray, masks: HostArray?)
    case drawn(
      count: Int, imageShape: Shape, imageType: DType, hasMasks: Bool, draw: @Sendable ([Int]) -> Batch)
  }

  /// - Parameters:
  ///   - images: uint8 or float32, (N, H, W, C).
  ///   - labels: int32, (N), each the index of a class name.
  ///   - masks: uint8, (N, H, W): 0 for the ground, 1 + class elsewhere, 255 for what is of no class.
  /// - Throws: `ShapeError` where they do not fit together.
  public init(
    name: String, images: HostArray, labels: HostArray, masks: HostArray? = nil, classNames: [String]
  ) throws {
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
    if let masks, masks.dtype != .uint8 || masks.shape != images.shape.removing(axis: 3) {
      throw ShapeError(
        "masks of these images are uint8 of shape \(images.shape.removing(axis: 3)); received \(masks.shape) "
          + "\(masks.dtype)")
    }
    self.init(
      name: name, classNames: classNames, source: .stored(images: images, labels: labels, masks: masks))
  }

  /// Arrays of any kind to learn from: inputs (N, ...) and what the network shall make of them, (N, ...). They come as
  /// the images and labels of batches; whole-number targets (N) are class numbers.
  ///
  /// - Throws: `ShapeError` where there is not one target for each input.
  public init(name: String = "arrays", inputs: HostArray, targets: HostArray) throws {
    guard inputs.shape.rank > 0, targets.shape.rank > 0, inputs.shape[0] == targets.shape[0] else {
      throw ShapeError(
        "there is one target for each input along the first axis; received inputs \(inputs.shape) and targets "
          + "\(targets.shape)")
    }
    self.init(name: name, classNames: [], source: .stored(images: inputs, labels: targets, masks: nil))
  }

  /// A data set whose pictures are made whenever a batch asks for them, so that only the batch takes memory.
  ///
  /// - Parameters:
  ///   - imageShape: height, width and channels.
  ///   - hasMasks: whether the batches come with masks.
  ///   - draw: the pictures of some numbers in 0 ..< count, a pure function.
  public init(
    name: String, count: Int, imageShape: Shape, imageType: DType = .uint8, classNames: [String],
    hasMasks: Bool = false, draw: @escaping @Sendable (_ indices: [Int]) -> Batch
  ) {
    self.init(
      name: name, classNames: classNames,
      source: .drawn(
        count: count, imageShape: imageShape, imageType: imageType, hasMasks: hasMasks, draw: draw))
  }

  private init(name: String, classNames: [String], source: Source) {
    self.name = name
    self.classNames = classNames
    self.source = source
  }

  /// The number of pictures.
  public var count: Int {
    if let rows { return rows.count }
    return switch source {
    case .stored(let images, _, _): images.shape[0]
    case .drawn(let count, _, _, _, _): count
    }
  }
  /// Height, width and channels of a picture.
  public var imageShape: Shape { changes?.shape ?? sourceShape }
  private var sourceShape: Shape {
    switch source {
    case .stored(let images, _, _): images.shape.removing(axis: 0)
    case .drawn(_, let shape, _, _, _): shape
    }
  }
  public var imageType: DType {
    switch source {
    case .stored(let images, _, _): images.dtype
    case .drawn(_, _, let type, _, _): type
    }
  }

  /// All pictures, (N, H, W, C). Of a part, another order or an augmented data set this is a copy, and pictures that
  /// are drawn are all drawn.
  public var images: HostArray {
    if case .stored(let images, _, _) = source, rows == nil, changes == nil { return images }
    return batch(0..<count).images
  }
  /// All labels, int32, (N). Of a part or another order of a data set this is a copy.
  public var labels: HostArray {
    switch source {
    case .stored(_, let labels, _): rows.map { Self.gather(labels, $0) } ?? labels
    case .drawn: batch(0..<count).labels
    }
  }

  /// The pictures with the given indices, in that order.
  public func batch(_ indices: some Collection<Int>) -> Batch {
    for index in indices {
      precondition(
        index >= 0 && index < count, "picture \(index) is outside \(name), which has \(count) pictures")
    }
    let chosen = indices.map { rows?[$0] ?? $0 }
    var batch: Batch
    switch source {
    case .stored(let images, let labels, let masks):
      batch = Batch(
        images: changes?.gather(images, chosen, samples: chosen) ?? Self.gather(images, chosen),
        labels: Self.gather(labels, chosen),
        masks: masks.map { changes?.gather(masks: $0, chosen, samples: chosen) ?? Self.gather($0, chosen) })
    case .drawn(_, _, _, _, let draw):
      batch = draw(chosen)
      if let changes {
        let rows = Array(chosen.indices)
        batch.images = changes.gather(batch.images, rows, samples: chosen)
        batch.masks = batch.masks.map { changes.gather(masks: $0, rows, samples: chosen) }
      }
    }
    batch.weights = weights?.of(chosen, labels: batch.labels)
    return batch
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
      throw FormatError(
        "\(name) has too few pictures for a training and a test part: \(count); at least 2 are needed")
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
  /// its place in the source, whatever part, order or batch it comes in. A mask moves along with its picture.
  ///
  /// ```swift
  /// let epoch = train.shuffled(seed: 7, epoch: 3).augmented(by: try Augmentation("flip,shift=2"), seed: 7, epoch: 3)
  /// ```
  /// - Throws: `ShapeError` for pictures that are not uint8 with 1 or 3 channels, or too small to be cropped.
  public func augmented(by augmentation: Augmentation, seed: UInt64, epoch: Int = 0) throws -> Dataset {
    var result = self
    result.changes = try AugmentedPictures(
      augmentation, of: sourceShape, dtype: imageType, seed: seed, epoch: epoch)
    return result
  }

  /// The same samples, of which some weigh more in the loss than others: one number for each, 1 being usual.
  ///
  /// - Throws: `ShapeError` where there is not one number for each sample, or one is negative or not finite.
  public func weighted(bySample numbers: [Float]) throws -> Dataset {
    guard numbers.count == count else {
      throw ShapeError("there is one weight for each of \(count) samples; received \(numbers.count)")
    }
    guard let rows else { return weighted(try SampleWeights(bySample: numbers)) }
    var ofSource = [Float](repeating: 1, count: (rows.max() ?? -1) + 1)
    for (row, number) in zip(rows, numbers) { ofSource[row] = number }
    return weighted(try SampleWeights(bySample: ofSource))
  }

  /// The same samples, those of some classes weighing more in the loss than others; classes that are not named weigh 1.
  ///
  /// - Throws: `ShapeError` for classes that there are not, and for weights that are negative or not finite.
  public func weighted(byClass numbers: [Int: Float]) throws -> Dataset {
    guard labels(areClasses: numbers.keys) else {
      throw ShapeError(
        "class weights name classes 0..<\(classNames.count) of \(name); received "
          + "\(numbers.keys.sorted().map(String.init).joined(separator: ", "))")
    }
    return weighted(try SampleWeights(byClass: numbers))
  }

  private func labels(areClasses numbers: some Collection<Int>) -> Bool {
    guard classNames.isEmpty else { return numbers.allSatisfy(classNames.indices.contains) }
    if case .stored(_, let labels, _) = source { return labels.dtype == .int32 && labels.shape.rank == 1 }
    return false
  }

  private func weighted(_ weights: SampleWeights) -> Dataset {
    var result = self
    result.weights = weights
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

/// Pictures and labels that go through a network together, or inputs and targets of another kind.
public struct Batch: Sendable, Equatable {
  /// (N, H, W, C), uint8 or float32 as in the data set.
  public var images: HostArray
  /// The class of each picture, int32, (N).
  public var labels: HostArray
  /// uint8, (N, H, W): 0 for the ground, 1 + class elsewhere, 255 for what is of no class; nil where the data set has
  /// none.
  public var masks: HostArray?
  /// float32, (N): what each sample's loss is multiplied by; nil where all weigh 1.
  public var weights: HostArray?

  public init(images: HostArray, labels: HostArray, masks: HostArray? = nil, weights: HostArray? = nil) {
    self.images = images
    self.labels = labels
    self.masks = masks
    self.weights = weights
  }

  public var count: Int { labels.shape[0] }
}
