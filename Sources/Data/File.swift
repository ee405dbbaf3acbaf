import Glibc

import struct SystemPackage.Errno
import struct SystemPackage.FileDescriptor
@_exported import struct SystemPackage.FilePath

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

  /// All bytes of a file that is text in UTF-8, as JSON is. FoundationEssentials ends the process where JSON5 has
  /// names that are not.
  ///
  /// - Throws: `FileError` where it cannot be opened or read, `FormatError` with the first byte that is none of a text.
  public static func readText(_ path: FilePath) throws -> [UInt8] {
    let bytes = try read(path)
    var (rest, parser, position) = (bytes.makeIterator(), UTF8.ForwardParser(), 0)
    while true {
      switch parser.parseScalar(from: &rest) {
      case .valid(let scalar): position += scalar.count
      case .emptyInput: return bytes
      case .error:
        throw FormatError(
          "is not text: byte \(position) does not belong to UTF-8; save it as UTF-8", path: path)
      }
    }
  }

  /// Replaces a file by the given bytes, or leaves it as it was: see `write(to:_:)`.
  public static func write(_ bytes: [UInt8], to path: FilePath) throws {
    try write(to: path) { writer in try bytes.withUnsafeBytes { try writer.write($0) } }
  }

  /// Replaces a file by what a closure writes. The bytes go to a temporary file beside it, which takes the name only
  /// when all of it has reached the disk; where anything fails the file is as it was and the temporary one is gone.
  ///
  /// - Parameter replacing: called when the bytes have reached the disk, before they take the name: for what must not
  ///   happen where they cannot be written.
  /// - Throws: `FileError` where the folder cannot be written or the disk is full; what the closures throw.
  public static func write(
    to path: FilePath, replacing: () throws -> Void = {}, _ body: (FileWriter) throws -> Void
  ) throws {
    guard let name = path.lastComponent else { throw FileError("is not the name of a file", path: path) }
    let system = FileOperations.current
    let folder = path.removingLastComponent()
    let unique = "\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let temporary = folder.appending(".\(name.string).\(unique).partial")
    let descriptor = try attempt("cannot create a file beside it", path) {
      try temporary.withPlatformString { name in
        try FileOperations.check(system.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666))
      }
    }
    do {
      do {
        try body(FileWriter(descriptor: descriptor, path: path, system: system))
        _ = try attempt("cannot write it", path) { try FileOperations.check(system.synchronize(descriptor)) }
      } catch {
        _ = system.close(descriptor)
        throw error
      }
      try attempt("cannot write it", path) {
        // The descriptor is gone after an interruption too, and must not be closed again.
        guard system.close(descriptor) == 0 || errno == EINTR else { throw Errno(rawValue: errno) }
      }
      try replacing()
      _ = try attempt("cannot replace it", path) {
        try temporary.withPlatformString { old in
          try path.withPlatformString { new in try FileOperations.check(system.rename(old, new)) }
        }
      }
    } catch {
      _ = temporary.withPlatformString { unlink($0) }
      throw error
    }
    // The new name itself reaches the disk with its folder. Whether that succeeds or not, what stands there after a
    // power cut is one of the two files, and whole.
    let place: FilePath = folder.isEmpty ? "." : folder
    let opened = place.withPlatformString { system.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
    if opened >= 0 {
      _ = system.synchronize(opened)
      _ = system.close(opened)
    }
  }

  fileprivate static func attempt<R>(_ what: String, _ path: FilePath, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as Errno {
      throw FileError("\(what): \(error)\(remedy(for: error))", path: path)
    }
  }
}

/// The way out of an error of the system, where there is one that helps.
private func remedy(for error: Errno) -> String {
  switch error {
  case .noSpace, .diskQuotaExceeded: "; make room there, or choose another place"
  case .fileTooLarge: "; files may not be larger here: raise the limit, or choose another place"
  case .ioError: "; check the disk, or choose another place"
  case .isDirectory: "; remove that folder, or choose another place"
  case .permissionDenied, .readOnlyFileSystem: "; ask for the right to do so, or choose another place"
  case .noSuchFileOrDirectory: "; check its name"
  default: ""
  }
}

/// Takes the bytes of a file that is being written, piece after piece.
public struct FileWriter {
  let descriptor: Int32
  let path: FilePath
  let system: FileOperations

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    try File.attempt("cannot write it", path) { try system.writeAll(bytes, to: descriptor) }
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
        status.st_mode & S_IFMT == S_IFDIR ? "is a folder; a file is needed" : "is not an ordinary file",
        path: path
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
