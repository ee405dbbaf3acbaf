import Glibc
import MartletTestSupport
import Testing

/// Something that somebody does wrong: files, a command line, and the one line that answers.
struct WrongUse: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// `@` stands for the folder of the files, `@run` for that of a trained run.
  let arguments: [String]
  let message: String
  let make: @Sendable (_ folder: FilePath) throws -> Void

  init(
    _ name: String, _ arguments: String, _ message: String,
    make: @escaping @Sendable (_ folder: FilePath) throws -> Void = { _ in }
  ) {
    testDescription = name
    self.arguments = arguments.split(separator: " ").map(String.init)
    self.message = message
    self.make = make
  }

  /// A wrong use of one file.
  init(_ name: String, _ arguments: String, _ file: String, _ bytes: [UInt8], _ message: String) {
    self.init(name, arguments, message) { try put(bytes, $0.appending(file)) }
  }
}

/// Writes a file, with the folders around it, without the way to the disk that `File.write` waits for.
func put(_ bytes: [UInt8], _ path: FilePath) throws {
  try File.createFolder(path.removingLastComponent())
  guard let file = fopen(path.string, "w") else { throw FileError("cannot be made", path: path) }
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

/// The bytes of files, right and wrong.
enum Bytes {
  static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// An IDX file of bytes, all of them the same.
  static func idx(_ sizes: [Int], _ value: UInt8 = 0) -> [UInt8] {
    let count = sizes.reduce(1, *)
    return [0, 0, 8, UInt8(sizes.count)] + sizes.flatMap { [0, 0, UInt8($0 >> 8), UInt8($0 & 255)] }
      + [UInt8](repeating: value, count: count)
  }

  /// A `.npy` file with any description of its elements and shape.
  static func npy(_ type: String, _ shape: String, _ count: Int) -> [UInt8] {
    let type = type.hasPrefix("[") ? type : "'\(type)'"
    let header = text("{'descr': \(type), 'fortran_order': False, 'shape': \(shape), }\n")
    return [0x93] + text("NUMPY") + [1, 0, UInt8(header.count), 0] + header
      + [UInt8](repeating: 0, count: count)
  }

  /// A safetensors file with any header.
  static func safetensors(_ header: String, _ count: Int) -> [UInt8] {
    let json = text(header)
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
      + [UInt8](repeating: 0, count: count)
  }

  static func pgm(_ width: Int, _ height: Int) -> [UInt8] {
    text("P5 \(width) \(height) 255\n") + [UInt8](repeating: 9, count: width * height)
  }

  /// The beginning of another program's file.
  static let png: [UInt8] = [0x89] + text("PNG\r\n\u{1A}\n") + [UInt8](repeating: 0, count: 40)

  /// Rows of 784 zeros and a label, as pictures of 28x28 have them.
  static func table(_ labels: [String], last: String = "0") -> [UInt8] {
    text(labels.map { String(repeating: "0,", count: 783) + "\(last),\($0)\n" }.joined())
  }
}
