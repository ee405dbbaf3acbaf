import MartletData

#if Imaging
  import MartletImaging
#endif

/// The data sets that the command knows: by name, or by the place of their files.
public enum DataSource: Sendable, Equatable {
  case fashionMNIST, mnist, cifar10, cifar100, shapes, fashionScenes
  /// A folder with a sub-folder of pictures for each class, with pictures and masks, or with `images.npy` and
  /// `labels.npy`.
  case folder(FilePath)
  /// A `.npz` file.
  case archive(FilePath)
  /// A `.csv` file, plain or compressed, whose last column is the label.
  case table(FilePath)

  private static let named: [(name: String, source: DataSource)] = [
    ("fashion-mnist", .fashionMNIST), ("mnist", .mnist), ("cifar-10", .cifar10), ("cifar-100", .cifar100),
    ("shapes", .shapes), ("fashion-scenes", .fashionScenes),
  ]

  /// What can be asked for, in the words of the command.
  public static let names = named.map(\.name) + ["folder:DIR", "FILE.npz", "FILE.csv"]

  /// The data set of a name, or at a path: `folder:DIR`, a path with a slash in it, a `.npz` or a `.csv` file.
  ///
  /// - Throws: `NameError` for a name that no data set has.
  public init(name: String) throws {
    if let found = Self.named.first(where: { $0.name == name }) {
      self = found.source
    } else if name.hasSuffix(".npz") {
      self = .archive(FilePath(name))
    } else if name.hasSuffix(".csv") || name.hasSuffix(".csv.gz") {
      self = .table(FilePath(name))
    } else if name.hasPrefix("folder:") {
      self = .folder(FilePath(String(name.dropFirst("folder:".count))))
    } else if name.contains("/") {
      self = .folder(FilePath(name))
    } else {
      throw NameError(kind: "data set", name: name, known: Self.names)
    }
  }

  /// The names of the classes where they are known before anything is read; nil where the files tell.
  public var classNames: [String]? {
    switch self {
    case .fashionMNIST: FashionMNIST.classNames
    case .mnist: MNIST.classNames
    case .cifar10: CIFAR10.classNames
    case .cifar100: CIFAR100.classNames
    case .shapes: Shapes.classNames
    case .fashionScenes: FashionScenes.classNames
    case .folder, .archive, .table: nil
    }
  }

  /// One part of the data set. Shapes are drawn at the given size, the test part from another seed, and the rows of a
  /// table have it; other pictures have sizes of their own.
  ///
  /// - Parameters:
  ///   - directory: the folder of the files of a data set that has a name.
  ///   - imageSize: what the pictures of a folder are brought to; nil where they have one size.
  ///   - supervision: what has to come with the pictures.
  /// - Throws: `MissingDatasetError`, `FileError`, `FormatError`; `ShapeError` for shapes of a size that cannot be
  ///   drawn, and where the data set has not what has to come with the pictures.
  public func load(
    _ part: DatasetPart, directory: FilePath? = nil, size: Shape, imageSize: PictureSize? = nil,
    supervision: Supervision = .labels
  ) throws -> Dataset {
    #if !Imaging
      guard !isFolderOfPictures else { throw WithoutImagingError("reads files of pictures") }
    #endif
    guard hasMasks || supervision != .masks else {
      if case .folder(let path) = self, !File.exists(path) {
        throw FileError("there is no such folder; name one with images and masks in it", path: path)
      }
      throw ShapeError(
        "\(name) has no masks to learn from; shapes, fashion-scenes and folders with images and masks have")
    }
    guard !isFolderOfMasks || supervision != .labels else {
      throw ShapeError(
        "\(name) has masks and no class for each picture; train a network with a class for every pixel, as unet is"
      )
    }
    if let imageSize, !isFolderOfPictures {
      throw ShapeError(
        "only pictures in the files of a folder are brought to a size, \(imageSize); \(name) has none")
    }
    let pictures = try pictures(
      part, directory: directory, size: size, imageSize: imageSize, withMasks: supervision == .masks)
    guard pictures.count > 0 else {
      throw FormatError("\(name) has no pictures to \(part); name a data set with at least one")
    }
    return pictures
  }

  private func pictures(
    _ part: DatasetPart, directory: FilePath?, size: Shape, imageSize: PictureSize?, withMasks: Bool
  ) throws -> Dataset {
    switch self {
    case .fashionMNIST: return try FashionMNIST.load(part, directory: directory)
    case .mnist: return try MNIST.load(part, directory: directory)
    case .cifar10: return try CIFAR10.load(part, directory: directory)
    case .cifar100: return try CIFAR100.load(part, directory: directory)
    case .fashionScenes: return try FashionScenes.load(part, directory: directory)
    case .shapes: return try shapes(part, size, withMasks: withMasks)
    case .folder(let path): return try pictures(in: path, part, imageSize)
    case .archive(let path): return try Dataset.load(npz: path, part)
    case .table(let path): return try Dataset(csv: path, imageShape: size).part(part)
    }
  }

  /// Whether the pictures are files of their own, whose sizes may differ.
  public var isFolderOfPictures: Bool {
    if case .folder(let path) = self { !Dataset.hasArrays(in: path) } else { false }
  }

  private var hasMasks: Bool { [.shapes, .fashionScenes].contains(self) || isFolderOfMasks }

  /// Whether the pictures are files beside those of their masks. In these 255 stands for no class.
  public var isFolderOfMasks: Bool {
    #if Imaging
      if case .folder(let path) = self { return isFolderOfPictures && MaskFolder.isOne(path) }
    #endif
    return false
  }

  private func pictures(
    in folder: FilePath, _ part: DatasetPart, _ imageSize: PictureSize?
  ) throws -> Dataset {
    #if Imaging
      return try Dataset.load(folder: folder, part, size: imageSize)
    #else
      return try Dataset.load(arrays: folder, part)
    #endif
  }

  private var name: String {
    switch self {
    case .folder(let path), .archive(let path), .table(let path): path.string
    default: Self.named.first { $0.source == self }!.name
    }
  }

  /// 10,000 pictures to train and 2,000 to test; of pictures above 64x64x3, which are drawn when they are needed, 200 to
  /// test, so that the test takes no longer than the training.
  private func shapes(_ part: DatasetPart, _ size: Shape, withMasks: Bool) throws -> Dataset {
    guard size.rank == 3, size[2] == 1 || size[2] % 3 == 0, size[0] >= 12, size[1] >= 12 else {
      throw ShapeError(
        "shapes are drawn with 1 channel or a multiple of 3 on at least 12x12 pixels; received \(size)")
    }
    let isLarge = size.count > 64 * 64 * 3
    let shapes = Shapes(
      height: size[0], width: size[1], channels: size[2], seed: part == .train ? 1 : 2)
    let count = part == .train ? 10_000 : isLarge ? 200 : 2_000
    return isLarge || withMasks
      ? shapes.drawnDataset(count: count, withMasks: withMasks) : shapes.dataset(count: count)
  }
}
