/// Pictures of clothes in the place of digits (Xiao, Rasul, Vollgraf 2017, *Fashion-MNIST: a novel image dataset for
/// benchmarking machine learning algorithms*): 60,000 and 10,000 grey pictures of 28x28, ten classes.
public enum FashionMNIST {
  public static let classNames = [
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
  ]

  static let source = MNISTSource(
    name: "Fashion-MNIST", folder: "fashion-mnist", systemFolders: ["/usr/share/datasets/fashion-mnist"],
    classNames: classNames,
    remedy: "install it with `apt-get install dataset-fashion-mnist`, or name the folder of its files in "
      + "MARTLET_DATA")

  /// Both parts of the data set. Folders are searched as by `load(_:directory:)`.
  public static func load(directory: FilePath? = nil) throws -> (train: Dataset, test: Dataset) {
    try source.load(directory)
  }

  /// One part of the data set, from the given folder or its sub-folder `fashion-mnist`; otherwise from the folder that
  /// the variable MARTLET_DATA names, its sub-folder `fashion-mnist`, or where Debian's package
  /// `dataset-fashion-mnist` puts it.
  ///
  /// - Throws: `MissingDatasetError`, and `FileError` or `FormatError` where a file cannot be read.
  public static func load(_ part: DatasetPart, directory: FilePath? = nil) throws -> Dataset {
    try source.load([part], directory)[0]
  }
}
