import MartletCore
import MartletKernels

/// What `martlet doctor` found wrong on a device, kept in the folder `quarantine` of the cache (see `CacheFile`) under what
/// it depends on: platform, device, driver and the kernels' source. A new driver, or new kernels, are innocent.
public struct Quarantine: Sendable {
  /// Kinds of primitives (see `Primitive.kind`), with the name of the tiles where it depends on them: `gemm (cpu)`.
  public private(set) var entries: Set<String>
  private let identity: String
  private let file: CacheFile?

  /// What is known about a device.
  public init(of hardware: Hardware) {
    let sources = Programs.files.compactMap { martletKernelSource($0).map { String(cString: $0) } }
    let hash = ProgramCache.hash(Array(sources.joined().utf8)[...])
    identity = [hardware.platformName, hardware.name, hardware.driver, String(hash, radix: 16)]
      .joined(separator: "\n")
    let name = ProgramCache.hash(Array(identity.utf8)[...])
    file = CacheFile("quarantine/\(String(name, radix: 16))")
    let text = file?.read().map { String(decoding: $0, as: UTF8.self) } ?? ""
    // The whole identity stands in the file, against two of one hash.
    entries = text.hasPrefix(identity + "\n\n") ? Self.lines(of: text.dropFirst(identity.count + 2)) : []
  }

  private static func lines(of text: Substring) -> Set<String> {
    Set(text.split(separator: "\n").map(String.init))
  }

  /// How a kind of primitive is named here.
  public static func entry(_ kind: String, tiles: TileShape?) -> String {
    tiles.map { "\(kind) (\($0.name))" } ?? kind
  }

  /// The kinds of primitives that a device with such tiles leaves to another one.
  func kinds(with tiles: TileShape) -> Set<String> {
    let ending = " (\(tiles.name))"
    let own = entries.map { $0.hasSuffix(ending) ? String($0.dropLast(ending.count)) : $0 }
    return Set(own.filter { !$0.hasSuffix(")") })
  }

  /// Takes an entry up, or lets it go, and writes that down.
  ///
  /// - Returns: whether it is kept for later runs.
  @discardableResult
  public mutating func set(_ entry: String, isWrong: Bool) -> Bool {
    let isNew = isWrong ? entries.insert(entry).inserted : entries.remove(entry) != nil
    guard isNew else { return true }
    let text = identity + "\n\n" + entries.sorted().map { $0 + "\n" }.joined()
    return file?.write(Array(text.utf8)) ?? false
  }
}
