import FoundationEssentials
import MartletData
import Synchronization

/// One question with its answer: an operation with its options, what goes in and what has to come out.
public struct ReferenceCase: Sendable, Decodable {
  public var name: String
  public var group: String
  /// The operation under the name of its Keras class.
  public var op: String
  public var options: [String: OptionValue]
  /// The sizes of each tensor by name.
  public var tensors: [String: [Int]]
  /// Tensors that must be equal to the reference in every bit.
  public var exact: [String]
  /// A tensor passes when max|a - b| ≤ tolerance * max(0.001, max|b|), b being the reference.
  public var tolerance: Double
  public var note: String?
  /// The file that holds the tensors, nil where there are none.
  public var file: String?

  enum CodingKeys: String, CodingKey {
    case name, group, op, options, tensors, exact, note, file
    case tolerance = "tol"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    group = try container.decode(String.self, forKey: .group)
    op = try container.decode(String.self, forKey: .op)
    options = try container.decodeIfPresent([String: OptionValue].self, forKey: .options) ?? [:]
    tensors = try container.decodeIfPresent([String: [Int]].self, forKey: .tensors) ?? [:]
    exact = try container.decodeIfPresent([String].self, forKey: .exact) ?? []
    tolerance = try container.decode(Double.self, forKey: .tolerance)
    note = try container.decodeIfPresent(String.self, forKey: .note)
    file = try container.decodeIfPresent(String.self, forKey: .file)
  }
}

/// A folder of cases: `index.json` describes them, safetensors files hold their tensors under `<case>/<tensor>`.
///
/// ```swift
/// let set = try ReferenceSet("Tests/Reference")
/// let report = try ConformanceRunner(set).run()
/// print(report.table)
/// ```
public final class ReferenceSet: Sendable {
  public let folder: FilePath
  /// The set's own name.
  public let name: String
  public let cases: [ReferenceCase]
  private let files = Mutex<[String: SafetensorsFile]>([:])

  private struct Index: Decodable {
    var format: Int
    var set: String?
    var cases: [ReferenceCase]
  }

  /// Reads the index; the files with the tensors are opened when the first of their cases is run.
  ///
  /// - Throws: `FileError` where there is no index, `FormatError` where it is damaged, naming file and key.
  public init(_ folder: FilePath) throws {
    self.folder = folder
    let path = folder.appending("index.json")
    let bytes = try File.readText(path)
    do {
      let index = try JSONDecoder().decode(Index.self, from: Data(bytes))
      guard index.format == 1 else {
        throw FormatError("has the format \(index.format); this version reads format 1", path: path)
      }
      name = index.set ?? folder.lastComponent?.string ?? folder.string
      cases = index.cases
    } catch let error as DecodingError {
      throw FormatError("is not an index of reference cases: \(Self.reason(error))", path: path)
    }
  }

  /// A tensor of a case.
  ///
  /// - Throws: `FileError`, and `FormatError` where the file is damaged, or lacks the tensor in the shape that the
  ///   index promises.
  public func array(_ tensor: String, of reference: ReferenceCase) throws -> HostArray {
    let index = folder.appending("index.json")
    guard let file = reference.file, let sizes = reference.tensors[tensor] else {
      throw FormatError("case \(reference.name) has no tensor \(tensor)", path: index)
    }
    guard let component = FilePath.Component(file) else {
      throw FormatError(
        "case \(reference.name) names the file \"\(file)\", which is no file name", path: index)
    }
    let path = folder.appending(component)
    let opened = try files.withLock { files in
      if let file = files[file] { return file }
      let opened = try SafetensorsFile(path)
      files[file] = opened
      return opened
    }
    let key = "\(reference.name)/\(tensor)"
    let array = try opened.array(named: key)
    guard array.shape.sizes == sizes else {
      throw FormatError("array \(key) is \(array.shape.sizes); the index promises \(sizes)", path: path)
    }
    return array
  }

  /// A decoder's error in one line, with the key where it happened.
  private static func reason(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey], _ last: (any CodingKey)? = nil) -> String {
      (path + (last.map { [$0] } ?? [])).map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
        .joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(place(context.codingPath, key)) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(place(context.codingPath)) is of another type than expected"
    default: return "it is not JSON"
    }
  }
}
