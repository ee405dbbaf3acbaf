import Glibc
import MartletData
import Testing

struct FileTests {
  @Test func writesAndReadsBack() throws {
    try withFolder { folder in
      let path = folder.appending("data.bin")
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try File.write(bytes, to: path)
      #expect(try File.read(path) == bytes)
      try File.write([], to: path)
      #expect(try File.read(path) == [])
      #expect(names(in: folder) == ["data.bin"])
    }
  }

  @Test func aFailureLeavesTheFileAsItWas() throws {
    struct Interruption: Error {}
    try withFolder { folder in
      let path = folder.appending("data.bin")
      try File.write([1, 2, 3], to: path)
      #expect(throws: Interruption.self) {
        try File.write(to: path) { writer in
          try [UInt8](repeating: 9, count: 1000).withUnsafeBytes { try writer.write($0) }
          throw Interruption()
        }
      }
      #expect(try File.read(path) == [1, 2, 3])
      #expect(names(in: folder) == ["data.bin"])
      // A folder of that name cannot be replaced.
      mkdir(folder.appending("taken").string, 0o777)
      #expect(throws: FileError.self) { try File.write([1], to: folder.appending("taken")) }
      #expect(names(in: folder) == ["data.bin", "taken"])
    }
  }

  @Test func errorsNameTheFileAndTheReason() throws {
    try withFolder { folder in
      let missing = folder.appending("missing")
      #expect(
        message { _ = try File.read(missing) }
          == "\(missing): cannot open it for reading: No such file or directory; check its name")
      #expect(message { _ = try File.read(folder) } == "\(folder): is a folder; a file is needed")
      let nowhere = missing.appending("data.bin")
      #expect(
        message { try File.write([1], to: nowhere) }
          == "\(nowhere): cannot create a file beside it: No such file or directory; check its name")
      #expect(message { _ = try File.read("/dev/null") } == "/dev/null: is not an ordinary file")
    }
  }
}
