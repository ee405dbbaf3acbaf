import MartletCore

/// The handwritten digits of LeCun, Cortes and Burges (*The MNIST database of handwritten digits*, 1998): 60,000 and
/// 10,000 grey pictures of 28x28.
public enum MNIST {
  public static let classNames = (0...9).map(String.init)

  static let source = MNISTSource(
    name: "MNIST", folder: "mnist", systemFolders: [], classNames: classNames,
    remedy: "put \(MNISTSource.fileNames.joined(separator: ", ")), each plain or with .gz, into one of these "
      + "folders, or name their folder in MARTLET_DATA")

  /// Both parts of the data set. Folders are searched as by `load(_:directory:)`.
  public static func load(directory: FilePath? = nil) throws -> (train: Dataset, test: Dataset) {
    try source.load(directory)
  }

  /// One part of the data set, from the given folder or its sub-folder `mnist`; otherwise from the folder that the
  /// variable MARTLET_DATA names, or its sub-folder `mnist`.
  ///
  /// - Throws: `MissingDatasetError`, and `FileError` or `FormatError` where a file cannot be read.
  public static func load(_ part: DatasetPart, directory: FilePath? = nil) throws -> Dataset {
    try source.load([part], directory)[0]
  }
}

/// A data set in the four files of MNIST, under their usual names.
struct MNISTSource: Sendable {
  let name: String
  let folder: String
  let systemFolders: [FilePath]
  let classNames: [String]
  let remedy: String

  static let fileNames = DatasetPart.allCases.flatMap { [imagesName($0), labelsName($0)] }
  private static func imagesName(_ part: DatasetPart) -> String {
    part == .train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte"
  }
  private static func labelsName(_ part: DatasetPart) -> String {
    part == .train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte"
  }

  func load(_ directory: FilePath?) throws -> (train: Dataset, test: Dataset) {
    let parts = try load([.train, .test], directory)
    return (parts[0], parts[1])
  }

  /// Reads all files of the parts at once, the largest first.
  func load(_ parts: [DatasetPart], _ directory: FilePath?) throws -> [Dataset] {
    let names = parts.map(Self.imagesName) + parts.map(Self.labelsName)
    let files = try find(names, directory)
    let arrays = try Concurrency.map(files.count) { try IDX.read(files[$0]) }
    return try parts.indices.map { index in
      let (images, labels) = (arrays[index], arrays[parts.count + index])
      let (imagesFile, labelsFile) = (files[index], files[parts.count + index])
      guard images.shape.rank == 3, images.dtype == .uint8 else {
        throw FormatError(
          "holds \(images.shape) \(images.dtype); pictures are uint8 with three axes", path: imagesFile)
      }
      guard labels.shape.rank == 1, labels.dtype == .uint8 else {
        throw FormatError(
          "holds \(labels.shape) \(labels.dtype); labels are uint8 with one axis", path: labelsFile)
      }
      do {
        return try Dataset(
          name: name, images: images.reshaped(images.shape.inserting(1, at: 3)),
          labels: HostArray(labels.bytes.map(Int32.init)), classNames: classNames)
      } catch let error as ShapeError { throw FormatError(error.message, path: labelsFile) }
    }
  }

  /// The first folder that has all the files, plain or compressed.
  private func find(_ names: [String], _ directory: FilePath?) throws -> [FilePath] {
    let folders = DatasetFolders.searched(directory, [folder], system: systemFolders)
    for folder in folders {
      let files = names.compactMap { name in
        [folder.appending(name), folder.appending(name + ".gz")].first(where: File.exists)
      }
      if files.count == names.count { return files }
    }
    throw MissingDatasetError(name: name, searched: folders.map(\.string), remedy: remedy)
  }
}
