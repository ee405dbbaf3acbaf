import MartletCore

/// Named arrays in NumPy's `.npz` format: a zip file with a `.npy` file for each array.
///
/// ```swift
/// try NumPyArchive.write(["images": images, "labels": labels], to: "digits.npz", isCompressed: true)
/// let archive = try NumPyArchive("digits.npz")
/// archive.names                                  // ["images", "labels"]
/// try archive.array(named: "labels").shape       // 60000
/// ```
public struct NumPyArchive: Sendable {
  /// The names of the arrays in the order of the file.
  public let names: [String]
  private let archive: ZipArchive
  private let path: FilePath?

  /// Reads the directory of a file; arrays are expanded as they are asked for.
  ///
  /// - Throws: `FileError` where the file cannot be read, `FormatError` where it is damaged.
  public init(_ path: FilePath) throws {
    let bytes = try File.read(path)
    self = try FormatError.naming(path) { try NumPyArchive(bytes: bytes, path: path) }
  }

  /// The archive that the given bytes are.
  public init(bytes: [UInt8]) throws { try self.init(bytes: bytes, path: nil) }

  private init(bytes: [UInt8], path: FilePath?) throws {
    archive = try ZipArchive(bytes)
    names = archive.entries.filter { $0.name.hasSuffix(Self.ending) }.map {
      String($0.name.dropLast(Self.ending.count))
    }
    self.path = path
  }

  /// Reads one array, with the conversions of `NumPy.read`.
  ///
  /// - Throws: `FormatError` where there is none of that name, or it is damaged or of a type that is not supported.
  public func array(named name: String) throws -> HostArray {
    try FormatError.naming(path) {
      guard let entry = archive.entries.first(where: { $0.name == name + Self.ending }) else {
        let some = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
        throw FormatError(
          "has no array \(name); " + (names.isEmpty ? "it has none at all" : "it has \(some)"))
      }
      let bytes = try archive.contents(of: entry)
      do { return try NumPy.decode(bytes) } catch let error as FormatError {
        throw FormatError("array \(name) \(error.message)")
      }
    }
  }

  /// Reads all arrays.
  public func arrays() throws -> [String: HostArray] {
    var arrays: [String: HostArray] = [:]
    for name in names { arrays[name] = try array(named: name) }
    return arrays
  }

  /// The bytes of an archive that holds the arrays, ordered by name. The same arrays give the same bytes.
  ///
  /// - Throws: `FormatError` where they have more than 2 GiB, or are together larger than a zip file can be.
  public static func encode(_ arrays: [String: HostArray], isCompressed: Bool = false) throws -> [UInt8] {
    let ordered = arrays.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return try ZipArchive.encode(
      ordered.map { (name: $0.key + ending, bytes: NumPy.encode($0.value)) }, isCompressed: isCompressed)
  }

  /// Writes arrays to a file, all or nothing.
  public static func write(
    _ arrays: [String: HostArray], to path: FilePath, isCompressed: Bool = false
  ) throws {
    try File.write(
      FormatError.naming(path) { try encode(arrays, isCompressed: isCompressed) }, to: path)
  }

  private static let ending = ".npy"
}
