import MartletCore

/// The ways that were measured to be the fastest for some convolutions: choice as data.
///
/// `martlet tune` saves them in `convolutions.json` in the cache's folder (see `CacheFile`), for this processor and an
/// instruction set. The number of threads is no part of that, because no bit may depend on it.
public struct ConvolutionTuning: Hashable, Sendable {
  public private(set) var ways: [ConvolutionTask: ConvolutionWay]

  public init(_ ways: [ConvolutionTask: ConvolutionWay] = [:]) { self.ways = ways }

  public subscript(task: ConvolutionTask) -> ConvolutionWay? {
    get { ways[task] }
    set { ways[task] = newValue }
  }

  /// The convolutions and their ways as text, in an order that is always the same.
  public var entries: [(convolution: String, way: ConvolutionWay)] {
    ways.map { ("\($0)", $1) }.sorted { $0.convolution < $1.convolution }
  }

  /// A short text that two tables have in common only if their choices are the same: FNV-1a (Fowler, Noll, Vo).
  public var fingerprint: String {
    let text = entries.map { "\($0.convolution): \($0.way.rawValue)\n" }.joined()
    let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return String(hash >> 32, radix: 16)
  }

  // MARK: - On disk

  public static var file: CacheFile? { CacheFile("convolutions.json") }
  /// The first row. Other versions of the ways need another number, and what older ones have saved is not taken.
  private static let header = ["format": "martlet convolutions 1"]

  /// What was saved for an instruction set of this processor; nothing where there is no file that can be understood.
  public static func saved(for set: InstructionSet, in file: CacheFile? = file) -> ConvolutionTuning {
    var tuning = ConvolutionTuning()
    for row in savedRows(in: file) where isOwn(row, set) {
      guard let task = row["convolution"].flatMap({ ConvolutionTask($0) }),
        let way = row["way"].flatMap({ ConvolutionWay(rawValue: $0) })
      else { continue }
      tuning[task] = way
    }
    return tuning
  }

  /// Puts these choices in the place of those that were saved before for the same convolutions, and keeps all others.
  ///
  /// - Throws: `DeviceError` where the file cannot be written.
  public func save(for set: InstructionSet, to file: CacheFile? = file) throws {
    var all = Self.saved(for: set, in: file)
    all.ways.merge(ways) { $1 }
    let others = Self.savedRows(in: file).filter { !Self.isOwn($0, set) }
    let own = all.entries.map {
      [
        "processor": Processor.name, "instructions": set.rawValue, "convolution": $0.convolution,
        "way": $0.way.rawValue,
      ]
    }
    guard let file else {
      throw DeviceError("neither XDG_CACHE_HOME nor HOME says where choices are kept", device: "cpu")
    }
    guard file.write(Array(FlatJSON.text([Self.header] + others + own).utf8)) else {
      throw DeviceError("\(file.path): cannot be written", device: "cpu")
    }
  }

  private static func isOwn(_ row: [String: String], _ set: InstructionSet) -> Bool {
    row["processor"] == Processor.name && row["instructions"] == set.rawValue
  }

  private static func savedRows(in file: CacheFile?) -> [[String: String]] {
    guard let rows = file?.read().flatMap({ FlatJSON.rows($0) }), rows.first == header else { return [] }
    return Array(rows.dropFirst())
  }
}
