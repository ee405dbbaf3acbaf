/// A name that nothing has.
public struct NameError: Error, Equatable, CustomStringConvertible {
  public let kind: String
  public let name: String
  public let known: [String]

  public init(kind: String, name: String, known: [String]) {
    self.kind = kind
    self.name = name
    self.known = known
  }

  public var description: String {
    let nearest = known.min { Self.distance($0, name) < Self.distance($1, name) }
    let hint = nearest.flatMap { Self.distance($0, name) <= max(2, name.count / 3) ? $0 : nil }
    return "there is no \(kind) called \(name); there are \(known.joined(separator: ", "))"
      + (hint.map { ". Did you mean \($0)?" } ?? "")
  }

  /// How many letters must be put in, left out or exchanged (Levenshtein's distance).
  static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (letter == b[j] ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
}
