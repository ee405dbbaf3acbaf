/// How a case went.
public struct ConformanceResult: Sendable {
  public enum Outcome: Sendable, Equatable {
    /// With the largest error relative to what is allowed.
    case passed(worst: Double)
    case failed(String, worst: Double?)
    case unsupported(String)
  }
  public var name: String
  public var group: String
  public var outcome: Outcome

  public init(name: String, group: String, outcome: Outcome) {
    self.name = name
    self.group = group
    self.outcome = outcome
  }
}

/// How the cases of a set went on a device.
public struct ConformanceReport: Sendable {
  /// The set's name.
  public var set: String
  /// The device's description.
  public var device: String
  public var results: [ConformanceResult]

  public init(set: String, device: String, results: [ConformanceResult]) {
    self.set = set
    self.device = device
    self.results = results
  }

  /// A case and what there is to say about it.
  public struct Remark: Sendable, Encodable {
    public var name: String
    public var reason: String
  }

  /// The results of one group of cases.
  public struct Group: Sendable {
    public var name: String
    public var passed = 0
    public var failed: [Remark] = []
    public var unsupported: [Remark] = []
    /// The largest error of the group relative to what is allowed.
    public var worst = 0.0

    mutating func add(_ result: ConformanceResult) {
      switch result.outcome {
      case .passed(let error):
        passed += 1
        worst = max(worst, error)
      case .failed(let reason, let error):
        failed.append(Remark(name: result.name, reason: reason))
        worst = max(worst, error ?? .infinity)
      case .unsupported(let reason): unsupported.append(Remark(name: result.name, reason: reason))
      }
    }
  }

  /// The groups in the order of the set.
  public var groups: [Group] {
    var groups: [Group] = []
    var positions: [String: Int] = [:]
    for result in results {
      if positions[result.group] == nil {
        positions[result.group] = groups.count
        groups.append(Group(name: result.group))
      }
      groups[positions[result.group]!].add(result)
    }
    return groups
  }

  public var passed: Int { groups.reduce(0) { $0 + $1.passed } }
  public var failed: Int { groups.reduce(0) { $0 + $1.failed.count } }
  public var unsupported: Int { groups.reduce(0) { $0 + $1.unsupported.count } }

  /// Whether every case ran and passed.
  public var isComplete: Bool { failed == 0 && unsupported == 0 }
}

// MARK: - For people

extension ConformanceReport {
  /// `308 passed, 0 failed, 0 unsupported`
  public var summary: String { "\(passed) passed, \(failed) failed, \(unsupported) unsupported" }

  /// A row for each group, what failed and why, what is not supported and why, and the summary as the last line.
  public var table: String {
    let groups = self.groups
    var rows = [["group", "passed", "failed", "unsupported", "worst error / tolerance"]]
    for group in groups {
      let numbers = [group.passed, group.failed.count, group.unsupported.count].map(String.init)
      let hasRun = group.passed + group.failed.count > 0
      rows.append([group.name] + numbers + [hasRun ? Self.short(group.worst) : "-"])
    }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max()! }
    var lines = rows.map { row in
      let cells = row.enumerated().map { column, text in
        let filler = String(repeating: " ", count: widths[column] - text.count)
        return column == 0 ? text + filler : filler + text
      }
      return cells.joined(separator: "  ")
    }
    for group in groups {
      for (reason, names) in group.unsupportedReasons {
        lines.append("unsupported  \(names.count) of \(group.name): \(reason)")
      }
    }
    for group in groups {
      for remark in group.failed { lines.append("failed  \(remark.name): \(remark.reason)") }
    }
    return (["\(set): \(results.count) cases on \(device)"] + lines + [summary]).joined(separator: "\n")
  }

  /// A number with two decimals, or three significant digits where it is small or large.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    if value >= 0.01 && value < 1e6 { return "\((value * 100).rounded() / 100)" }
    var power = 0
    var mantissa = value
    while mantissa >= 10 { (mantissa, power) = (mantissa / 10, power + 1) }
    while mantissa < 1 { (mantissa, power) = (mantissa * 10, power - 1) }
    return "\((mantissa * 10).rounded() / 10)e\(power)"
  }
}

extension ConformanceReport.Group {
  /// The cases by why they cannot run, in the order of the first.
  fileprivate var unsupportedReasons: [(reason: String, names: [String])] {
    var reasons: [(reason: String, names: [String])] = []
    for remark in unsupported {
      if let position = reasons.firstIndex(where: { $0.reason == remark.reason }) {
        reasons[position].names.append(remark.name)
      } else {
        reasons.append((remark.reason, [remark.name]))
      }
    }
    return reasons
  }
}
