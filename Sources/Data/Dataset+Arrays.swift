import MartletCore

extension Dataset {
  /// The most classes that labels may speak of where no names say how many there are.
  public static let mostClasses = 65_536

  /// A data set of arrays as other programs write them.
  ///
  /// Pictures of shape (N, H, W) get one channel, and whole numbers in 0...255 become uint8. Labels of shape (N, 1)
  /// lose the second axis, and become int32.
  ///
  /// - Parameter classNames: by default the numbers up to the largest label.
  /// - Throws: `ShapeError` where they do not fit together.
  public init(
    name: String, convertingImages images: HostArray, labels: HostArray, classNames: [String]? = nil
  ) throws {
    let labels = try Self.labels(labels)
    let names = try classNames ?? Self.numberedClasses(labels.values())
    try self.init(name: name, images: Self.pictures(images), labels: labels, classNames: names)
  }

  /// A data set in two `.npy` files, with the conversions of `init(name:convertingImages:labels:classNames:)`.
  ///
  /// - Throws: `FileError`, `FormatError`, and `ShapeError` where the arrays do not fit together.
  public init(images: FilePath, labels: FilePath, classNames: [String]? = nil) throws {
    let arrays = try (NumPy.read(images), NumPy.read(labels))
    do {
      try self.init(
        name: images.removingLastComponent().lastComponent?.string ?? "arrays", convertingImages: arrays.0,
        labels: arrays.1, classNames: classNames)
    } catch let error as ShapeError {
      throw ShapeError("\(images) and \(labels): \(error.message)")
    }
  }

  /// Whether a folder has the arrays of a data set.
  public static func hasArrays(in folder: FilePath) -> Bool { arrays(in: folder).allSatisfy(File.exists) }

  private static func arrays(in folder: FilePath) -> [FilePath] {
    ["images.npy", "labels.npy"].map { folder.appending($0) }
  }

  /// One part of the pictures in a folder's `images.npy` and `labels.npy`.
  public static func load(
    arrays folder: FilePath, _ part: DatasetPart, testShare: Double = 0.2, seed: UInt64 = 0
  ) throws -> Dataset {
    let files = arrays(in: folder)
    return try Dataset(images: files[0], labels: files[1]).part(part, testShare: testShare, seed: seed)
  }

  /// One part of the pictures in a `.npz` file: of the arrays `images` and `labels` a share that the seed draws, of
  /// Keras's `x_train`, `y_train`, `x_test` and `y_test` the part's own.
  ///
  /// - Throws: `FileError`, `FormatError`, and `ShapeError` where the arrays do not fit together.
  public static func load(
    npz path: FilePath, _ part: DatasetPart, testShare: Double = 0.2, seed: UInt64 = 0
  ) throws -> Dataset {
    let archive = try NumPyArchive(path)
    let name = path.stem ?? path.string
    func dataset(_ images: String, _ labels: String, classNames: [String]? = nil) throws -> Dataset {
      let arrays = try (archive.array(named: images), archive.array(named: labels))
      do {
        return try Dataset(
          name: name, convertingImages: arrays.0, labels: arrays.1, classNames: classNames)
      } catch let error as ShapeError { throw FormatError(error.message, path: path) }
    }
    if Set(archive.names).isSuperset(of: ["images", "labels"]) {
      return try dataset("images", "labels").part(part, testShare: testShare, seed: seed)
    }
    guard Set(archive.names).isSuperset(of: ["x_train", "y_train", "x_test", "y_test"]) else {
      throw FormatError(
        "has the arrays \(archive.names.prefix(8).joined(separator: ", ")); a data set has images and labels, or "
          + "x_train, y_train, x_test and y_test", path: path)
    }
    // Both parts have the classes of the training part.
    let training = try dataset("x_train", "y_train")
    return part == .train ? training : try dataset("x_test", "y_test", classNames: training.classNames)
  }

  private static func pictures(_ images: HostArray) throws -> HostArray {
    var images = images
    if images.shape.rank == 3 { images = images.reshaped(images.shape.inserting(1, at: 3)) }
    guard images.dtype == .int32 else { return images }
    let values = images.values(as: Int32.self)
    if let odd = values.first(where: { !(0...255).contains($0) }) {
      throw ShapeError("images of whole numbers have values in 0...255; received \(odd)")
    }
    return HostArray(shape: images.shape, dtype: .uint8, bytes: values.map { UInt8($0) })
  }

  private static func labels(_ labels: HostArray) throws -> HostArray {
    let shape = labels.shape
    guard shape.rank == 1 || (shape.rank == 2 && shape[1] == 1),
      labels.dtype == .int32 || labels.dtype == .uint8
    else {
      throw ShapeError("labels are whole numbers of shape (N) or (N, 1); received \(shape) \(labels.dtype)")
    }
    return labels.dtype == .int32
      ? labels.reshaped([shape[0]]) : HostArray(labels.bytes.map(Int32.init), shape: [shape[0]])
  }

  /// `0`, `1` and so on up to the largest label.
  static func numberedClasses(_ labels: [Int32]) throws -> [String] {
    let largest = Int(labels.max() ?? 0)
    guard largest < mostClasses else {
      throw ShapeError("the label \(largest) means more than \(mostClasses) classes; number them from 0")
    }
    return (0...max(0, largest)).map(String.init)
  }
}
