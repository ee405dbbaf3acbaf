import MartletCore
import MartletDefinitions
import MartletOpenCL
import MartletTensor

/// Holds every kind of primitive on a device to its definition in Double, and keeps what is wrong on a device with
/// OpenCL in quarantine: from then on the CPU takes its place. What is right again is let go.
public final class Doctor {
  public let device: any Device
  /// What was in quarantine, and is now.
  public private(set) var quarantine: Quarantine?
  /// Whether what was found could be written down.
  public private(set) var isKept = true
  /// The device with each shape of tiles, its own first.
  private let rows: [(tiles: TileShape?, device: any Device)]

  public init(_ device: any Device) throws {
    let examined = (device as? FallbackDevice)?.primary ?? device
    self.device = examined
    guard let openCL = examined as? OpenCLDevice else {
      rows = [(nil, examined)]
      return
    }
    let shapes = [openCL.shape] + TileShape.all.filter { $0 != openCL.shape }
    rows = try shapes.map { ($0, try OpenCLDevice(openCL.hardware, shape: $0)) }
    quarantine = Quarantine(of: openCL.hardware)
  }

  /// The names of what it examines.
  public static var kinds: [String] { Trial.byKind.map(\.kind) }

  /// Examines some kinds of primitives.
  ///
  /// - Parameters:
  ///   - kinds: names out of `kinds`; all where there are none.
  ///   - progress: called before each case with the kind, and how many cases are done and come in all; may break off.
  ///   - report: gets each result as soon as it is there.
  /// - Throws: `NameError` for a kind that there is not, and what `progress` throws.
  public func examine(
    _ kinds: [String] = [],
    progress: (_ kind: String, _ done: Int, _ all: Int) throws -> Void = { _, _, _ in },
    report: (Examination) -> Void = { _ in }
  ) throws {
    let known = Trial.byKind
    for name in kinds where !known.contains(where: { $0.kind == name }) {
      throw NameError(kind: "kernel", name: name, known: known.map(\.kind))
    }
    let wanted = known.filter { kinds.isEmpty || kinds.contains($0.kind) }
    let all = wanted.reduce(0) { $0 + $1.trials.count }
    var done = 0
    for (kind, trials) in wanted {
      let results = try examine(kind, trials) {
        try progress(kind, done, all)
        done += 1
      }
      results.forEach(report)
    }
  }

  /// While it is examined, a kind is in quarantine: one that ends the process, or never comes to an end, stays there.
  private func examine(_ kind: String, _ trials: [Trial], next: () throws -> Void) throws -> [Examination] {
    let hasTiles = rows.count > 1 && OpenCLDevice.hasTiles(trials[0].primitive)
    let rows = hasTiles ? rows : [rows[0]]
    var results = rows.map { Examination(kind: kind, tiles: hasTiles ? $0.tiles?.name : nil) }
    let entries = rows.map { Quarantine.entry(kind, tiles: hasTiles ? $0.tiles : nil) }
    let before = quarantine?.entries ?? []
    for entry in entries { keep(entry, isWrong: true) }
    do {
      for trial in trials {
        try next()
        let expected = trial.expected
        for (index, row) in rows.enumerated() {
          results[index].add(trial, on: row.device, expected: expected)
        }
      }
    } catch {
      for entry in entries { keep(entry, isWrong: before.contains(entry)) }
      throw error
    }
    for (index, row) in rows.enumerated() {
      results[index].measure(trials, on: row.device)
      keep(entries[index], isWrong: results[index].isWrong)
    }
    return results
  }

  private func keep(_ entry: String, isWrong: Bool) {
    isKept = (quarantine?.set(entry, isWrong: isWrong) ?? true) && isKept
  }
}
