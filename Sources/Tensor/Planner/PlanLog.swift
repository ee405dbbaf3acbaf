import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Tells about new plans on request: `MARTLET_LOG=plan` prints each one to standard error, and in which record it first
/// differs from the plan before it that began alike.
final class PlanLog: Sendable {
  static let shared: PlanLog? = {
    let topics = getenv("MARTLET_LOG").map { String(cString: $0) } ?? ""
    return topics.split(separator: ",").contains("plan") ? PlanLog() : nil
  }()

  private struct Plans { var last: [Plan] = [] }
  private let plans = Mutex(Plans())

  func note(_ plan: Plan, of trace: Trace) {
    let relative = plans.withLock { plans -> Plan? in
      let relative = plans.last.last { $0.list.startsLike(plan.list) }
      plans.last.append(plan)
      if plans.last.count > PlanCache.capacity { plans.last.removeFirst() }
      return relative
    }
    var text = plan.description(layerNames: trace.layerNames)
    if let relative { text += "\n  new, because " + relative.difference(from: trace) }
    text += "\n"
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

extension RecordList {
  /// Whether the first operation comes from the same line and layer: a sign of the same scope.
  fileprivate func startsLike(_ other: RecordList) -> Bool {
    func start(_ list: RecordList) -> Record? { list.records.first { $0.operation.primitive != nil } }
    guard let a = start(self), let b = start(other) else { return false }
    return a.layer == b.layer && a.site == b.site && a.operation.name == b.operation.name
  }
}
