import Glibc
import MartletCore
import MartletData
import Testing

/// Feeds a decoder every truncation of a file and thousands of files with flipped bits. It may accept some of them;
/// it must answer the others with an error of the formats, and never trap. A text that is cut off may be a text still.
func withstandsDamage(
  _ bytes: [UInt8], flips: Int = 4000, isText: Bool = false, _ decode: ([UInt8]) throws -> Void
) throws {
  try decode(bytes)
  func attempt(_ damaged: [UInt8]) -> Bool {
    do {
      try decode(damaged)
      return true
    } catch {
      #expect(error is FormatError, "\(error)")
      return false
    }
  }
  for length in bytes.indices {
    #expect(!attempt(Array(bytes[..<length])) || isText, "a file cut off after \(length) bytes was accepted")
  }
  var generator = PhiloxGenerator(seed: 20)
  for _ in 0..<flips {
    var damaged = bytes
    for _ in 0...Int(generator.word() % 3) {
      damaged[Int(generator.word()) % damaged.count] ^= 1 << UInt8(generator.word() % 8)
    }
    _ = attempt(damaged)
  }
}

/// The error that a closure throws, as text; empty where it throws none.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}

/// Runs a closure with a new folder, and removes the folder with its files afterwards.
func withFolder(_ body: (FilePath) throws -> Void) throws {
  var template = Array("/tmp/martlet-tests-XXXXXX".utf8CString)
  let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
  let folder = FilePath(String(cString: try #require(made)))
  defer { remove(folder) }
  try body(folder)
}

/// The names in a folder, sorted.
func names(in folder: FilePath) -> [String] {
  guard let stream = opendir(folder.string) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

private func remove(_ folder: FilePath) {
  for name in names(in: folder) {
    let path = folder.appending(name)
    if unlink(path.string) != 0 { remove(path) }
  }
  rmdir(folder.string)
}
