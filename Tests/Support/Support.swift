import Glibc
@_exported import Martlet
@_exported import MartletImaging

/// Whether the package is built with the trait Imaging: tests of what draws run only there.
#if Imaging
  public let hasImaging = true
#else
  public let hasImaging = false
#endif

/// A new folder for a test's files.
public func temporaryFolder() throws -> FilePath {
  var name = Array("/tmp/martlet-test-XXXXXX".utf8CString)
  guard mkdtemp(&name) != nil else { throw FileError("cannot make a folder", path: "/tmp") }
  return FilePath(String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
}
