import FoundationEssentials
import Glibc

/// What this program was made of.
enum Build {
  /// The commit that stands in a file beside the program, as in the bundle for GPUs, or else that of its repository, with
  /// `-dirty` where files have changed; nil where neither is there.
  static let commit: String? = {
    var path = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &path, path.count - 1)
    guard length > 0 else { return nil }
    let program = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
      separator: "/")
    if let text = try? String(contentsOfFile: folder + "/commit", encoding: .utf8) {
      return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
    let quoted =
      "'" + folder.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    guard
      let git = popen("git -C \(quoted) describe --always --abbrev=40 --exclude '*' --dirty 2>/dev/null", "r")
    else { return nil }
    defer { pclose(git) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), git) != nil else { return nil }
    return String(decoding: line.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()
}
