import MartletCore

/// Small photographs of ten kinds of things (Krizhevsky 2009, *Learning multiple layers of features from tiny
/// images*): 50,000 and 10,000 pictures of 32x32 in colour.
public enum CIFAR10 {
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// One part of the data set in its binary version, from the given folder or its sub-folders `cifar-10` and
  /// `cifar-10-batches-bin`; otherwise from the folder that the variable MARTLET_DATA names, or such sub-folders.
  ///
  /// - Throws: `MissingDatasetError`, and `FileError` or `FormatError` where a file cannot be read.
  public static func load(_ part: DatasetPart, directory: FilePath? = nil) throws -> Dataset {
    try CIFARSource(
      name: "CIFAR-10", folders: ["cifar-10", "cifar-10-batches-bin"], archive: "cifar-10-binary.tar.gz",
      files: part == .train ? (1...5).map { "data_batch_\($0).bin" } : ["test_batch.bin"],
      labelCount: 1, labelPlace: 0, namesFile: "batches.meta.txt", classNames: classNames
    ).load(directory)
  }
}

/// Small photographs of a hundred kinds of things in twenty groups (Krizhevsky 2009, *Learning multiple layers of
/// features from tiny images*): 50,000 and 10,000 pictures of 32x32 in colour.
public enum CIFAR100 {
  /// What a label says: one of a hundred classes, or one of twenty groups of them.
  public enum Labels: String, Sendable, CaseIterable {
    case fine, coarse
  }

  /// One part of the data set in its binary version, from the given folder or its sub-folders `cifar-100` and
  /// `cifar-100-binary`; otherwise from the folder that the variable MARTLET_DATA names, or such sub-folders.
  ///
  /// - Throws: `MissingDatasetError`, and `FileError` or `FormatError` where a file cannot be read.
  public static func load(
    _ part: DatasetPart, labels: Labels = .fine, directory: FilePath? = nil
  ) throws -> Dataset {
    try CIFARSource(
      name: "CIFAR-100", folders: ["cifar-100", "cifar-100-binary"], archive: "cifar-100-binary.tar.gz",
      files: [part == .train ? "train.bin" : "test.bin"],
      labelCount: 2, labelPlace: labels == .fine ? 1 : 0, namesFile: "\(labels)_label_names.txt",
      classNames: labels == .fine ? classNames : groupNames
    ).load(directory)
  }
}

/// A data set in CIFAR's binary layout: for each picture its labels, a byte each, and 1024 bytes of red, of green and
/// of blue, row by row.
private struct CIFARSource: Sendable {
  let name: String
  let folders: [String]
  /// The name under which the data set is handed out.
  let archive: String
  let files: [String]
  let labelCount: Int
  /// Which of a picture's labels is wanted.
  let labelPlace: Int
  let namesFile: String
  let classNames: [String]

  private static let pixels = 32 * 32

  func load(_ directory: FilePath?) throws -> Dataset {
    let folder = try find(directory)
    let names = try readNames(folder.appending(namesFile))
    let parts = try Concurrency.map(files.count) { try read(folder.appending(files[$0]), names.count) }
    let labels = parts.flatMap(\.labels)
    let shape: Shape = [labels.count, 32, 32, 3]
    return try Dataset(
      name: name, images: HostArray(shape: shape, dtype: .uint8, bytes: parts.flatMap(\.images)),
      labels: HostArray(labels), classNames: names)
  }

  private func find(_ directory: FilePath?) throws -> FilePath {
    let searched = DatasetFolders.searched(directory, folders)
    let found = searched.first { folder in files.allSatisfy { File.exists(folder.appending($0)) } }
    guard let found else {
      throw MissingDatasetError(
        name: name, searched: searched.map(\.string),
        remedy:
          "unpack \(archive), which has \(files.joined(separator: ", ")), into one of these folders, or name "
          + "the folder of its files with --data-dir or in MARTLET_DATA")
    }
    return found
  }

  /// One name a line; where there is no such file, the names that are built in.
  private func readNames(_ path: FilePath) throws -> [String] {
    guard File.exists(path) else { return classNames }
    let text = String(decoding: try File.read(path), as: UTF8.self)
    let names = text.split(whereSeparator: \.isNewline).map(String.init)
    guard names.count == classNames.count else {
      throw FormatError("has \(names.count) class names; \(name) has \(classNames.count)", path: path)
    }
    return names
  }

  /// The pictures of a file with their channels side by side, and the wanted labels.
  private func read(_ path: FilePath, _ classes: Int) throws -> (images: [UInt8], labels: [Int32]) {
    let bytes = try File.read(path)
    let size = labelCount + 3 * Self.pixels
    guard !bytes.isEmpty, bytes.count.isMultiple(of: size) else {
      throw FormatError(
        "has \(bytes.count) bytes, not a multiple of the \(size) of a picture; it is cut off, or not of \(name)'s "
          + "binary version", path: path)
    }
    let count = bytes.count / size
    let labels = try (0..<count).map { index in
      let label = bytes[index * size + labelPlace]
      guard label < classes else {
        throw FormatError(
          "picture \(index) has the label \(label) at byte \(index * size + labelPlace); it must be below \(classes)",
          path: path)
      }
      return Int32(label)
    }
    let images = [UInt8](unsafeUninitializedCapacity: 3 * count * Self.pixels) { buffer, initialized in
      var place = 0
      for index in 0..<count {
        let red = index * size + labelCount
        for pixel in red..<red + Self.pixels {
          buffer[place] = bytes[pixel]
          buffer[place + 1] = bytes[pixel + Self.pixels]
          buffer[place + 2] = bytes[pixel + 2 * Self.pixels]
          place += 3
        }
      }
      initialized = place
    }
    return (images, labels)
  }
}
