import Glibc
@_exported import Martlet

/// A new folder for a test's files.
public func temporaryFolder() throws -> FilePath {
  var name = Array("/tmp/martlet-test-XXXXXX".utf8CString)
  guard mkdtemp(&name) != nil else { throw FileError("cannot make a folder", path: "/tmp") }
  return FilePath(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
}
