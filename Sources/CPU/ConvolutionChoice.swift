import Glibc
import MartletCore
import Synchronization

/// Who says how convolutions are run. Results of one choice have the same bits on one machine whatever the number of
/// threads is; those of `tuned` depend on what was measured, so it is taken only where it is asked for.
public enum ConvolutionChoice: String, Hashable, Sendable, CaseIterable {
  /// The table: for each geometry what is expected to be the fastest.
  case auto
  /// What `martlet tune` has measured on this machine, and the table for the rest.
  case tuned
  /// One algorithm for all convolutions that it can run; the others are direct.
  case direct, winograd2, winograd4

  public init(_ algorithm: ConvolutionAlgorithm) { self = Self(rawValue: algorithm.rawValue) ?? .auto }

  var algorithm: ConvolutionAlgorithm? { ConvolutionAlgorithm(rawValue: rawValue) }

  /// `MARTLET_CONVOLUTION` where it is set.
  static func preferred() throws -> ConvolutionChoice {
    guard let value = getenv("MARTLET_CONVOLUTION") else { return .auto }
    let name = String(cString: value)
    guard let wanted = ConvolutionChoice(rawValue: name) else {
      throw DeviceError(
        "MARTLET_CONVOLUTION must be auto, tuned, direct, winograd2 or winograd4; received \"\(name)\"",
        device: "cpu")
    }
    return wanted
  }
}

extension CPUDevice {
  /// How a pass of a convolution is run.
  public func way(for pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> ConvolutionWay {
    let task = ConvolutionTask(pass, geometry)
    let (way, reason) = wayAndReason(for: task)
    ConvolutionLog.shared?.note(task, way, reason)
    return way
  }

  private func wayAndReason(for task: ConvolutionTask) -> (ConvolutionWay, String) {
    let lanes = kernels.matrix.lanes
    if let algorithm = convolutionChoice.algorithm {
      return algorithm != .direct && algorithm.canRun(task.pass, task.geometry)
        ? (ConvolutionWay(algorithm), "asked for") : (ConvolutionWay(directFor: task, lanes: lanes), "direct")
    }
    if let way = tuning[task], way.canRun(task, lanes: lanes) { return (way, "tuned") }
    return (
      ConvolutionWay(for: task, lanes: lanes), convolutionChoice == .tuned ? "not tuned: table" : "table"
    )
  }

  /// What computes a pass of a convolution.
  public func algorithm(for pass: ConvolutionPass, _ geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    way(for: pass, geometry).algorithm
  }
}

/// Tells about choices on request: `MARTLET_LOG=convolution` prints each one to standard error, once, and who made it.
private final class ConvolutionLog: Sendable {
  static let shared: ConvolutionLog? = {
    let topics = getenv("MARTLET_LOG").map { String(cString: $0) } ?? ""
    return topics.split(separator: ",").contains("convolution") ? ConvolutionLog() : nil
  }()

  private let known = Mutex<Set<String>>([])

  func note(_ task: ConvolutionTask, _ way: ConvolutionWay, _ reason: String) {
    var line = "\(task): \(way.rawValue) (\(reason))\n"
    guard known.withLock({ $0.insert(line).inserted }) else { return }
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
