import Glibc

import struct SystemPackage.Errno
import struct SystemPackage.FileDescriptor
import struct SystemPackage.FilePermissions

/// A new file that grows at its end while others may be reading it.
public final class AppendedFile {
  public let path: FilePath
  private let descriptor: FileDescriptor
  private var byteCount = 0

  /// - Throws: `FileError` where there is such a file already, or the folder cannot be written.
  public init(creating path: FilePath) throws {
    self.path = path
    descriptor = try File.attempt("cannot create it", path) {
      try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .append, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o666))
    }
  }

  deinit { try? descriptor.close() }

  /// Appends all of the bytes, which are in the file for every reader then. Where that fails the file is as it was.
  ///
  /// - Throws: `FileError`, as where the disk is full.
  public func append(_ bytes: [UInt8]) throws {
    do {
      _ = try File.attempt("cannot write it", path) { try descriptor.writeAll(bytes) }
    } catch {
      ftruncate(descriptor.rawValue, byteCount)
      throw error
    }
    byteCount += bytes.count
  }
}
