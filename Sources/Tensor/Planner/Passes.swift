#if canImport(Glibc)
  import Glibc
#endif

/// A rewriting of a program into one that does the same with less work. Each stands in a file of its own.
struct PlanPass: Sendable {
  let name: String
  let run: @Sendable (inout Program) -> Void

  /// In the order in which they run.
  static let all: [PlanPass] = [
    randomRecomputation, rectifierFusion, epilogueFusion, poolingFusion, elementwiseFusion, reductionFusion,
  ]
}

/// The passes that plans are made with. `MARTLET_PLAN` switches some off by name, as in `-elementwise,-inplace`;
/// `-fusion` is all those that merge steps, `-all` everything. `MARTLET_PLAN=immediate` is immediate mode.
///
/// All results have the same bits with and without a pass.
package struct PassSelection: Hashable, Sendable {
  private var off: Set<String> = []

  package static let everything = PassSelection()

  /// Names that stand alone.
  package static let names = PlanPass.all.map(\.name) + [MemoryPlan.inPlaceName]

  func contains(_ name: String) -> Bool { !off.contains(name) }

  /// - Throws: `NameError` for a name that no pass has.
  package init(_ text: String) throws {
    for word in text.split(separator: ",") {
      let name = word.hasPrefix("-") ? String(word.dropFirst()) : String(word)
      let names: [String]
      switch name {
      case "all": names = Self.names
      case "fusion": names = PlanPass.all.map(\.name)
      default: names = [name]
      }
      guard word.hasPrefix("-"), names.allSatisfy(Self.names.contains) else {
        throw NameError(
          kind: "pass to switch off", name: String(word),
          known: (["all", "fusion"] + Self.names).map { "-" + $0 })
      }
      off.formUnion(names)
    }
  }

  private init() {}

  private static let environment = getenv("MARTLET_PLAN").map { String(cString: $0) } ?? ""

  /// Whether `MARTLET_PLAN=immediate` asks for no plans at all.
  static let isImmediate = environment == "immediate"

  /// What `MARTLET_PLAN` says, else everything.
  package static let standard: PassSelection = {
    do {
      return try PassSelection(isImmediate ? "" : environment)
    } catch {
      fatalError("MARTLET_PLAN: \(error)")
    }
  }()
}
