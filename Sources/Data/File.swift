import Glibc

import struct SystemPackage.Errno
import struct SystemPackage.FileDescriptor
@_exported import struct SystemPackage.FilePath
import struct SystemPackage.FilePermissions

/// A file that could not be opened, read or written.
public struct FileError: Error, Equatable, CustomStringConvertible {
  public var path: String
  public var message: String

  public init(_ message: String, path: FilePath) {
    self.path = path.string
    self.message = message
  }

  /// `runs/demo/model.safetensors: cannot open it for reading: No such file or directory`
  public var description: String { "\(path): \(message)" }
}

/// Whole files, read and written.
public enum File {
  public static func exists(_ path: FilePath) -> Bool { path.withPlatformString { access($0, F_OK) == 0 } }

  /// All bytes of a file.
  ///
  /// - Throws: `FileError` where it cannot be opened or read.
  public static func read(_ path: FilePath) throws -> [UInt8] {
    let file = try OpenFile(path)
    return try [UInt8](unsafeUninitializedCapacity: file.byteCount) { buffer, initialized in
      try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
      initialized = file.byteCount
    }
  }

  /// Replaces a file by the given bytes, or leaves it as it was: see `write(to:_:)`.
  public static func write(_ bytes: [UInt8], to path: FilePath) throws {
    try write(to: path) { writer in try bytes.withUnsafeBytes { try writer.write($0) } }
  }

  /// Replaces a file by what a closure writes. The bytes go to a temporary file beside it, which takes the name only
  /// when all of it has reached the disk; where anything fails the file is as it was and the temporary one is gone.
  ///
  /// - Throws: `FileError` where the folder cannot be written or the disk is full; what the closure throws.
  public static func write(to path: FilePath, _ body: (FileWriter) throws -> Void) throws {
    guard let name = path.lastComponent else { throw FileError("is not the name of a file", path: path) }
    let folder = path.removingLastComponent()
    let unique = "\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let temporary = folder.appending(".\(name.string).\(unique).partial")
    let descriptor = try attempt("cannot create a file beside it", path) {
      try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o666))
    }
    do {
      do {
        try body(FileWriter(descriptor: descriptor, path: path))
        guard fsync(descriptor.rawValue) == 0 else {
          throw FileError("cannot write it: \(Errno(rawValue: errno))", path: path)
        }
      } catch {
        try? descriptor.close()
        throw error
      }
      try attempt("cannot write it", path) { try descriptor.close() }
      let renamed = temporary.withPlatformString { old in path.withPlatformString { new in rename(old, new) }
      }
      guard renamed == 0 else { throw FileError("cannot replace it: \(Errno(rawValue: errno))", path: path) }
    } catch {
      _ = temporary.withPlatformString { unlink($0) }
      throw error
    }
    // The new name itself reaches the disk with its folder; a file system that cannot do this loses nothing by it.
    let place: FilePath = folder.isEmpty ? "." : folder
    if let opened = try? FileDescriptor.open(place, .readOnly, options: [.directory, .closeOnExec]) {
      fsync(opened.rawValue)
      try? opened.close()
    }
  }

  static func attempt<R>(_ what: String, _ path: FilePath, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as Errno { throw FileError("\(what): \(error)", path: path) }
  }
}

/// Takes the bytes of a file that is being written, piece after piece.
public struct FileWriter {
  let descriptor: FileDescriptor
  let path: FilePath

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    _ = try File.attempt("cannot write it", path) { try descriptor.writeAll(bytes) }
  }
}

/// A file that stays open for reading at any place; what is read is this file even where another one takes its name.
final class OpenFile: Sendable {
  let path: FilePath
  let byteCount: Int
  private let descriptor: FileDescriptor

  init(_ path: FilePath) throws {
    self.path = path
    descriptor = try File.attempt("cannot open it for reading", path) {
      try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    }
    var status = stat()
    let code = fstat(descriptor.rawValue, &status)
    byteCount = Int(status.st_size)
    guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
      try? descriptor.close()
      throw FileError(
        status.st_mode & S_IFMT == S_IFDIR ? "is a folder, not a file" : "is not an ordinary file", path: path
      )
    }
  }

  deinit { try? descriptor.close() }

  /// Fills a buffer with the bytes from `offset` on.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = try File.attempt("cannot read it", path) {
        try descriptor.read(fromAbsoluteOffset: Int64(offset + filled), into: rest)
      }
      guard count > 0 else {
        throw FileError("ends at byte \(offset + filled) while it is being read", path: path)
      }
      filled += count
    }
  }
}
