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

  /// How many pictures of shapes are drawn for each part.
  private static let drawn: [DatasetPart: Int] = [.train: 10_000, .test: 2_000]

  /// One part of the data set. Shapes are drawn at the given size, the test part from another seed.
  public func load(_ part: DatasetPart, directory: FilePath? = nil, size: Shape) throws -> Dataset {
    switch self {
    case .fashionMNIST: return try FashionMNIST.load(part, directory: directory)
    case .mnist: return try MNIST.load(part, directory: directory)
    case .shapes:
      guard size.rank == 3, size[2] == 1 || size[2] == 3, size[0] >= 8, size[1] >= 8 else {
        throw ShapeError("shapes are drawn with 1 or 3 channels on at least 8x8 pixels; received \(size)")
      }
      return Shapes.dataset(
        count: Self.drawn[part]!, height: size[0], width: size[1], channels: size[2],
        seed: part == .train ? 1 : 2)
    }
  }
}
