import Glibc

import struct SystemPackage.Errno

extension File {
  /// Makes a folder, with those around it; one that is there already is left alone.
  ///
  /// - Throws: `FileError` where a file stands in the way or the place cannot be written.
  public static func createFolder(_ path: FilePath) throws {
    if isFolder(path) { return }
    let parent = path.removingLastComponent()
    if !parent.isEmpty && parent != path { try createFolder(parent) }
    guard path.withPlatformString({ mkdir($0, 0o777) }) == 0 || (errno == EEXIST && isFolder(path)) else {
      throw FileError("cannot make this folder: \(Errno(rawValue: errno)); choose another place", path: path)
    }
  }

  public static func isFolder(_ path: FilePath) -> Bool {
    var status = stat()
    return path.withPlatformString { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder in the order of their bytes, without those that begin with a point.
  ///
  /// - Throws: `FileError` where it is no folder or cannot be read.
  public static func names(in folder: FilePath) throws -> [String] {
    try allNames(in: folder).filter { !$0.hasPrefix(".") }
  }

  private static func allNames(in folder: FilePath) throws -> [String] {
    guard let stream = folder.withPlatformString({ opendir($0) }) else {
      throw FileError("cannot read this folder: \(Errno(rawValue: errno))", path: folder)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a file; one that is not there is none.
  ///
  /// - Throws: `FileError` where the folder cannot be written.
  public static func remove(_ path: FilePath) throws {
    guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
      throw FileError("cannot remove it: \(Errno(rawValue: errno))", path: path)
    }
  }

  /// Removes a folder where nothing is in it; another one stays.
  package static func removeIfEmpty(_ folder: FilePath) { _ = folder.withPlatformString { rmdir($0) } }

  /// Removes from a folder what processes left there that were killed while they wrote a file. Nobody may be writing.
  public static func removePartials(in folder: FilePath) throws {
    guard isFolder(folder) else { return }
    for name in try allNames(in: folder) where name.hasPrefix(".") && name.hasSuffix(".partial") {
      try remove(folder.appending(name))
    }
  }
}
