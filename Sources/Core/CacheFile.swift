import Glibc

/// A file in `$XDG_CACHE_HOME/martlet`, or else in `~/.cache/martlet`. Nothing may depend on it: it can vanish at any time,
/// and anything may stand in it.
public struct CacheFile: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  /// - Parameter name: where it lies in the folder, as in `convolutions.json`; nil where there is no such folder.
  public init?(_ name: String) {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    guard
      let base = variable("XDG_CACHE_HOME").flatMap({ $0.hasPrefix("/") ? $0 : nil })
        ?? variable("HOME").map({ $0 + "/.cache" })
    else { return nil }
    self.init(path: "\(base)/martlet/\(name)")
  }

  /// All of it; nil where it cannot be read.
  public func read() -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
    return ferror(file) == 0 ? bytes : nil
  }

  /// Replaces it; whether that was possible. It is written beside its place and moved there, so that nobody reads half
  /// a file.
  @discardableResult
  public func write(_ bytes: [UInt8]) -> Bool {
    for end in path.indices.dropFirst() where path[end] == "/" { mkdir(String(path[..<end]), 0o755) }
    let draft = "\(path).\(getpid())"
    guard let file = fopen(draft, "wb") else { return false }
    let isWhole = fwrite(bytes, 1, bytes.count, file) == bytes.count
    if fclose(file) == 0, isWhole, rename(draft, path) == 0 { return true }
    unlink(draft)
    return false
  }
}
