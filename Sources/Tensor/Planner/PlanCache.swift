import Synchronization

/// Plans by the structure of their traces; the least recently used ones are forgotten.
final class PlanCache: Sendable {
  static let shared = PlanCache()
  static let capacity = 256

  private struct Entry: @unchecked Sendable {
    let plan: Plan
    let device: ObjectIdentifier
    var lastUse: Int
  }
  private struct State: Sendable {
    var entries: [UInt64: [Entry]] = [:]
    var count = 0
    var clock = 0
    var statistics = PlanStatistics()
    var ofDevices: [ObjectIdentifier: PlanStatistics] = [:]

    mutating func count(_ counter: WritableKeyPath<PlanStatistics, Int>, on device: ObjectIdentifier) {
      statistics[keyPath: counter] += 1
      ofDevices[device, default: PlanStatistics()][keyPath: counter] += 1
    }
  }
  private let state = Mutex(State())

  var statistics: PlanStatistics { state.withLock { $0.statistics } }

  func statistics(of device: any Device) -> PlanStatistics {
    state.withLock { $0.ofDevices[ObjectIdentifier(device)] ?? PlanStatistics() }
  }

  func plan(for trace: Trace, results: [Plan.Result]) throws -> Plan {
    let key = trace.list.structure.value
    let device = ObjectIdentifier(trace.device)
    let known = state.withLock { state -> [Entry] in
      state.clock += 1
      return state.entries[key] ?? []
    }
    for (position, entry) in known.enumerated()
    where entry.device == device && entry.plan.matches(trace, results: results) {
      state.withLock { state in
        state.count(\.hits, on: device)
        if position < state.entries[key]?.count ?? 0 { state.entries[key]![position].lastUse = state.clock }
      }
      return entry.plan
    }
    let entry = Entry(
      plan: try Plan(trace, results: results, passes: trace.passes), device: device,
      lastUse: 0)
    PlanLog.shared?.note(entry.plan, of: trace)
    state.withLock { state in
      state.count(\.misses, on: device)
      if state.count >= Self.capacity { Self.forgetOldest(&state) }
      var newest = entry
      newest.lastUse = state.clock
      state.entries[key, default: []].append(newest)
      state.count += 1
    }
    return entry.plan
  }

  private static func forgetOldest(_ state: inout State) {
    guard
      let oldest = state.entries.min(by: {
        ($0.value.map(\.lastUse).max() ?? 0) < ($1.value.map(\.lastUse).max() ?? 0)
      })
    else { return }
    state.count -= oldest.value.count
    state.entries[oldest.key] = nil
  }
}

/// How often a scope found its plan ready, and how often one was made.
public struct PlanStatistics: Sendable, Equatable {
  public var hits = 0
  public var misses = 0

  /// Since the process started.
  public static var current: PlanStatistics { PlanCache.shared.statistics }
  /// The same for one device.
  public static func of(_ device: any Device) -> PlanStatistics { PlanCache.shared.statistics(of: device) }
}
