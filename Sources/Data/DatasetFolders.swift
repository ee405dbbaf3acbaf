import Glibc

/// Which pictures of a data set: those to learn from, or those to be judged by.
public enum DatasetPart: String, Sendable, CaseIterable {
  case train, test
}

/// A data set that is not on this machine. The text says where it was looked for and how to get it.
public struct MissingDatasetError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var searched: [String]
  public var remedy: String

  public var description: String {
    "\(name) was not found in \(searched.joined(separator: " or ")); \(remedy)"
  }
}

/// Where the files of a data set are looked for.
enum DatasetFolders {
  /// The given folder and its sub-folders of the usual names; without one, those of the folder that the variable
  /// MARTLET_DATA names, the system's, and those of the folder `data`.
  static func searched(_ directory: FilePath?, _ names: [String], system: [FilePath] = []) -> [FilePath] {
    if let directory { return [directory] + names.map { directory.appending($0) } }
    var folders: [FilePath] = []
    if let value = getenv("MARTLET_DATA"), value[0] != 0 {
      let root = FilePath(platformString: value)
      // The sub-folders first: MNIST and Fashion-MNIST have the same file names.
      folders = names.map { root.appending($0) } + [root]
    }
    return folders + system + names.map { FilePath("data").appending($0) }
  }
}
