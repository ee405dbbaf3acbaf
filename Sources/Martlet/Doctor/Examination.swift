import MartletCore
import MartletDefinitions
import MartletOpenCL
import MartletTraining

/// How one kind of primitive does on a device, with one shape of tiles.
public struct Examination: Sendable {
  public let kind: String
  /// The tiles' name; nil where it has none.
  public let tiles: String?
  public private(set) var cases = 0
  public private(set) var failed = 0
  /// The largest error, in units of what is allowed, and the case that had it.
  public private(set) var worst = 0.0
  public private(set) var worstCase = ""
  /// The first case that failed, and how.
  public private(set) var complaint: String?
  /// Work in a second, its unit, and the case with the most work, which it was measured on; nil where that fails.
  public private(set) var speed: (amount: Double, unit: String, trial: String)?
  /// Kernels that are right and slow, and why.
  public private(set) var naive: [String: String] = [:]

  init(kind: String, tiles: String?) {
    (self.kind, self.tiles) = (kind, tiles)
  }

  public var isWrong: Bool { failed > 0 }
  public var name: String { tiles.map { "\(kind) (\($0))" } ?? kind }

  mutating func add(_ trial: Trial, on device: any Device, expected: [[Double]]) {
    var finding = Trial.Finding(error: .infinity)
    do {
      finding = try trial.examine(device, expected: expected)
    } catch {
      // What a compiler says may have many lines.
      finding.complaint = "\(error)".split(separator: "\n").first.map(String.init) ?? ""
    }
    cases += 1
    if worst < finding.error || worstCase.isEmpty { (worst, worstCase) = (finding.error, trial.description) }
    if let wrong = finding.complaint {
      failed += 1
      if complaint == nil { complaint = "\(trial.description): \(wrong)" }
    }
  }

  /// The fastest of a few runs of the case with the most work, and which kernels have run.
  mutating func measure(_ trials: [Trial], on device: any Device) {
    defer {
      let launched = (device as? OpenCLDevice)?.takeLaunchedKernels() ?? []
      naive = OpenCLDevice.naiveKernels.filter { launched.contains($0.key) }
    }
    let works = trials.map(\.work)
    guard let place = works.indices.max(by: { works[$0].amount < works[$1].amount }),
      let prepared = try? trials[place].prepare(on: device)
    else { return }
    var (best, total) = (Double.infinity, 0.0)
    for _ in 0..<20 where total < 0.2 {
      let start = monotonicSeconds()
      guard (try? trials[place].run(prepared, on: device)) != nil else { return }
      let seconds = monotonicSeconds() - start
      best = min(best, seconds)
      total += seconds
    }
    speed = (works[place].amount / best / 1e9, works[place].unit, trials[place].description)
  }
}
