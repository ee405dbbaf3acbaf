import FoundationEssentials
import MartletData

/// A file of settings in JSON5 (JSON with comments, unquoted names and commas at the ends of lists): options of the
/// command line, as `{batchSize: 64}` says `--batch-size 64`, and the layers of a network.
public struct SettingsFile: Sendable {
  public let arguments: [String]
  public let layers: NetworkDescription?

  /// What follows from the settings, and stands in a run's saved configuration beside them.
  private static let derived = ["input", "classNames", "device"]
  private static let names = Mirror(reflecting: RunConfiguration()).children.compactMap(\.label)
    .filter { !derived.contains($0) }

  /// - Throws: `FileError` where it cannot be read or is not JSON5; `NameError` for an unknown setting, with the nearest
  ///   one that there is.
  public init(_ path: FilePath) throws {
    let bytes = Data(try File.readText(path))
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let values: [String: Value]
    do {
      values = try decoder.decode([String: Value].self, from: bytes)
      layers = try decoder.decode(Network.self, from: bytes).layers
    } catch let error as DecodingError {
      throw FileError("is not a file of settings: \(error.reason)", path: path)
    }
    arguments = try values.sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
      if name == "layers" || Self.derived.contains(name) { return [] }
      guard Self.names.contains(name) else {
        throw FileError("\(NameError(kind: "setting", name: name, known: Self.names))", path: path)
      }
      switch value {
      case .nothing: return []
      case .text(let text): return ["\(Self.option(name))=\(text)"]
      case .other: throw FileError("\(name) is a number or a text", path: path)
      }
    }
  }

  /// `batchSize` as `--batch-size`.
  public static func option(_ name: String) -> String {
    "--" + name.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }

  private struct Network: Decodable { let layers: NetworkDescription? }

  private enum Value: Decodable {
    case nothing
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .nothing
      } else if let whole = try? container.decode(Int.self) {
        self = .text("\(whole)")
      } else if let whole = try? container.decode(UInt64.self) {
        self = .text("\(whole)")
      } else if let number = try? container.decode(Double.self) {
        self = .text("\(number)")
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .other
      }
    }
  }
}
