import MartletData

/// The data sets that the command knows by name.
public enum DataSource: String, CaseIterable, Sendable {
  case fashionMNIST = "fashion-mnist"
  case mnist
  case shapes

  /// - Throws: `NameError` for a name that no data set has.
  public init(name: String) throws {
    guard let source = DataSource(rawValue: name) else {
      throw NameError(kind: "data set", name: name, known: DataSource.allCases.map(\.rawValue))
    }
    self = source
  }

  /// One part of the data set. Shapes are drawn at the given size, the test part from another seed.
  ///
  /// - Parameter supervision: what has to come with the pictures.
  /// - Throws: `ShapeError` for shapes of a size that cannot be drawn, and where the data set has no masks; what
  ///   reading throws.
  public func load(
    _ part: DatasetPart, directory: FilePath? = nil, size: Shape, supervision: Supervision = .labels
  ) throws -> Dataset {
    guard self == .shapes || supervision != .masks else {
      throw ShapeError("\(rawValue) has no masks to learn from; shapes has")
    }
    switch self {
    case .fashionMNIST: return try FashionMNIST.load(part, directory: directory)
    case .mnist: return try MNIST.load(part, directory: directory)
    case .shapes: return try shapes(part, size, withMasks: supervision == .masks)
    }
  }

  /// 10,000 pictures to train and 2,000 to test; of pictures above 64x64, which are drawn when they are needed, 200 to
  /// test, so that the test takes no longer than the training.
  private func shapes(_ part: DatasetPart, _ size: Shape, withMasks: Bool) throws -> Dataset {
    guard size.rank == 3, size[2] == 1 || size[2] == 3, size[0] >= 12, size[1] >= 12 else {
      throw ShapeError("shapes are drawn with 1 or 3 channels on at least 12x12 pixels; received \(size)")
    }
    let isLarge = size[0] * size[1] > 64 * 64
    let shapes = Shapes(
      height: size[0], width: size[1], channels: size[2], seed: part == .train ? 1 : 2)
    let count = part == .train ? 10_000 : isLarge ? 200 : 2_000
    return isLarge || withMasks
      ? shapes.drawnDataset(count: count, withMasks: withMasks) : shapes.dataset(count: count)
  }
}
