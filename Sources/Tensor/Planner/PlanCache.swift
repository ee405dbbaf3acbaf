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
    var hits = 0
    var misses = 0
  }
  private let state = Mutex(State())

  /// Plans found and plans made, since the process started.
  var counters: (hits: Int, misses: Int) { state.withLock { ($0.hits, $0.misses) } }

  func plan(for trace: Trace, results: [Plan.Result]) -> Plan {
    let key = trace.list.structure.value
    let device = ObjectIdentifier(trace.device)
    let known = state.withLock { state -> [Entry] in
      state.clock += 1
      return state.entries[key] ?? []
    }
    for (position, entry) in known.enumerated()
    where entry.device == device && entry.plan.matches(trace, results: results) {
      state.withLock { state in
        state.hits += 1
        if position < state.entries[key]?.count ?? 0 { state.entries[key]![position].lastUse = state.clock }
      }
      return entry.plan
    }
    let entry = Entry(plan: Plan(trace, results: results, passes: trace.passes), device: device, lastUse: 0)
    PlanLog.shared?.note(entry.plan, of: trace)
    state.withLock { state in
      state.misses += 1
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

/// How often a scope found its plan ready, and how often one was made, since the process started.
public struct PlanStatistics: Sendable {
  public let hits: Int
  public let misses: Int
  public static var current: PlanStatistics {
    let counters = PlanCache.shared.counters
    return PlanStatistics(hits: counters.hits, misses: counters.misses)
  }
}
