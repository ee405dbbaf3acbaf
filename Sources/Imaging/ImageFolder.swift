import MartletCore
import MartletData

/// Pictures in a folder of folders, one for each class, in the formats PNG, JPEG, PGM and PPM:
///
/// ```
/// faces/anna/1.pgm  faces/anna/2.pgm  faces/bruno/1.pgm ...
/// ```
///
/// Classes are the sub-folders in the order of their names, and pictures come in the order of theirs. Where there are
/// sub-folders `train` and `test`, each holds the classes of its part; otherwise a seed draws the test part.
///
/// All pictures have one size and the same channels, unless a size is asked for: then each is brought to it, whatever its
/// proportions, and where some have colours those of grey get three channels too; a test part has those of the training
/// part.
public enum ImageFolder {
  /// All pictures of a folder whose sub-folders are the classes.
  ///
  /// - Throws: `FileError`, and `FormatError` where there are no pictures, one is damaged, or sizes differ.
  public static func load(_ folder: FilePath, size: PictureSize? = nil) throws -> Dataset {
    try load(files(in: folder, classes: classes(in: folder)), of: folder, size)
  }

  /// One part of the pictures: those of the sub-folder of its name, or a share that the seed draws.
  public static func load(
    _ part: DatasetPart, directory folder: FilePath, size: PictureSize? = nil, testShare: Double = 0.2,
    seed: UInt64 = 0
  ) throws -> Dataset {
    guard DatasetPart.allCases.allSatisfy({ File.isFolder(folder.appending($0.rawValue)) }) else {
      return try load(folder, size: size).part(part, testShare: testShare, seed: seed)
    }
    let (inner, training) = (
      folder.appending(part.rawValue), folder.appending(DatasetPart.train.rawValue)
    )
    let classes = try classes(in: training)
    let own = try self.classes(in: inner)
    guard own == classes else {
      let odd = own.first { !classes.contains($0) } ?? classes.first { !own.contains($0) } ?? ""
      throw FormatError(
        "its parts have different classes: \(odd) is in one of them only; give both a folder for each class",
        path: folder)
    }
    return try load(
      files(in: inner, classes: classes), of: folder, size,
      like: part == .train || size == nil ? nil : files(in: training, classes: classes))
  }

  private static func classes(in folder: FilePath) throws -> [String] {
    guard File.isFolder(folder) || !File.exists(folder) else {
      throw FileError(
        "is a file of another kind; name a folder, or a file with .npz, .csv or .csv.gz", path: folder)
    }
    guard File.exists(folder) else {
      throw FileError(
        "there is no such folder; name one with a sub-folder of pictures for each class", path: folder)
    }
    let classes = try File.names(in: folder).filter { File.isFolder(folder.appending($0)) }
    guard !classes.isEmpty else {
      throw FormatError(
        "has no sub-folders; put the pictures of each class into a folder of its name", path: folder)
    }
    return classes
  }

  private struct Files {
    var paths: [FilePath] = []
    var labels: [Int32] = []
    let classNames: [String]
  }

  private static func files(in folder: FilePath, classes: [String]) throws -> Files {
    var files = Files(classNames: classes)
    for (label, className) in classes.enumerated() {
      let pictures = try pictures(in: folder.appending(className))
      files.paths += pictures
      files.labels += [Int32](repeating: Int32(label), count: pictures.count)
    }
    return files
  }

  /// - Parameter others: those whose channels the pictures get, where a size is asked for; nil for their own.
  private static func load(
    _ files: Files, of folder: FilePath, _ size: PictureSize?, like others: Files? = nil
  ) throws -> Dataset {
    try Dataset(
      name: folder.lastComponent?.string ?? folder.string,
      images: images(in: files.paths, size, like: others?.paths), labels: HostArray(files.labels),
      classNames: files.classNames)
  }

  /// The pictures of some files, at least one, as one array, (N, H, W, C).
  ///
  /// - Parameters:
  ///   - others: those whose channels the pictures get, where a size is asked for; nil for their own.
  ///   - check: called with each of them as it is in its file.
  static func images(
    in files: [FilePath], _ size: PictureSize?, like others: [FilePath]?,
    checking check: @Sendable (_ index: Int, _ picture: HostArray) throws -> Void = { _, _ in }
  ) throws -> HostArray {
    var pictures = try Concurrency.map(files.count) { index in
      let picture = try Picture.read(files[index])
      try check(index, picture)
      return size.map { picture.resized(height: $0.height, width: $0.width) } ?? picture
    }
    if size != nil {
      let hasColors =
        try others?.contains { try Picture.read($0).shape[2] == 3 }
        ?? pictures.contains { $0.shape[2] == 3 }
      pictures = pictures.map { hasColors ? $0.inColor() : $0.inGrey() }
    }
    return try stack(pictures, from: files)
  }

  /// Pictures of one shape as one array, (N, H, W, C).
  private static func stack(_ pictures: [HostArray], from files: [FilePath]) throws -> HostArray {
    let shape = pictures[0].shape
    if let odd = pictures.firstIndex(where: { $0.shape != shape }) {
      throw FormatError(
        "is a picture of \(pictures[odd].shape), and \(files[0]) one of \(shape); all must have one size and the same "
          + "channels, or be brought to one (train --image-size)", path: files[odd])
    }
    return HostArray(shape: shape.inserting(pictures.count, at: 0), dtype: .uint8) { buffer in
      for (index, picture) in pictures.enumerated() {
        let place = index * shape.count..<(index + 1) * shape.count
        picture.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: buffer[place]).copyMemory(from: $0)
        }
      }
    }
  }

  /// The pictures of a class. Other files may lie beside them.
  static func pictures(in folder: FilePath) throws -> [FilePath] {
    let files = try File.names(in: folder).map { folder.appending($0) }
    let pictures = files.filter(Picture.isNamedAsPicture)
    guard !pictures.isEmpty else {
      let other = files.first?.lastComponent.map { "convert \($0.string) and the like to one of them" }
      throw FormatError(
        "has no PNG, JPEG, PGM or PPM pictures; \(other ?? "put some there, or remove the folder")",
        path: folder)
    }
    return pictures
  }
}

extension Dataset {
  /// One part of the pictures in a folder: of the arrays in `images.npy` and `labels.npy` where it has them, and of
  /// pictures otherwise: with a mask for each as `MaskFolder` says, or in a sub-folder for each class as `ImageFolder`
  /// does.
  public static func load(
    folder: FilePath, _ part: DatasetPart, size: PictureSize? = nil, testShare: Double = 0.2,
    seed: UInt64 = 0
  ) throws -> Dataset {
    if hasArrays(in: folder) { return try load(arrays: folder, part, testShare: testShare, seed: seed) }
    return MaskFolder.isOne(folder)
      ? try MaskFolder.load(part, directory: folder, size: size, testShare: testShare, seed: seed)
      : try ImageFolder.load(part, directory: folder, size: size, testShare: testShare, seed: seed)
  }
}
