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
    "there is no \(kind) called \(name); "
      + (known.isEmpty ? "there are none" : "there are \(known.joined(separator: ", "))")
      + (nearest.map { ". Did you mean \($0)?" } ?? "")
  }

  /// The name that was meant: the same but for case and underscores, what others call so, or one of a few other letters.
  public var nearest: String? {
    let plain = Self.plain(name)
    if let same = known.first(where: { Self.plain($0) == plain }) { return same }
    if let meant = known.first(where: { Self.othersNames[$0]?.contains(plain) == true }) { return meant }
    let nearest = known.min { Self.distance($0, name) < Self.distance($1, name) }
    return nearest.flatMap { Self.distance($0, name) <= max(2, name.count / 3) ? $0 : nil }
  }

  private static func plain(_ name: String) -> String {
    String(name.lowercased().filter { $0 != "_" && $0 != "-" })
  }

  /// What other libraries and papers call our options.
  private static let othersNames: [String: Set<String>] = [
    "kernelSize": ["filtersize", "receptivefield", "windowsize", "ksize"],
    "filters": ["outchannels", "channels", "numfilters", "nbfilter", "depth", "numoutput"],
    "units": ["outfeatures", "outputs", "hiddenunits", "neurons", "outputdim"],
    "strides": ["subsample", "stepsize"],
    "dilationRate": ["dilation", "atrousrate"],
    "padding": ["pad", "bordermode"],
    "activation": ["nonlinearity", "activationfunction", "transferfunction"],
    "useBias": ["bias"],
    "rate": ["p", "dropout", "dropoutrate"],
    "poolSize": ["kernelsize", "window", "windowsize", "filtersize"],
    "negativeSlope": ["alpha", "slope", "leak"],
    "targetShape": ["shape", "size"],
    "learningRate": ["lr", "eta", "stepsize"],
    "epochs": ["nbepoch", "numepochs", "maxepochs"],
    "batchSize": ["batch", "minibatch", "minibatchsize"],
    "augment": ["augmentation", "transforms"],
    "dataDirectory": ["datadir", "root"],
    "seed": ["randomstate", "randomseed"],
  ]

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
