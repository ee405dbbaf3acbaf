import Martlet

/// How far training is: a line that is drawn anew on a terminal, a plain line every few seconds elsewhere.
struct Progress {
  private let epochs: Int
  /// The names of what is measured besides the loss.
  private let measures: [String]
  private var epoch = 0
  private var steps = 0
  private var lastDrawn = 0.0
  private static let plainInterval = 10.0

  init(epochs: Int, measures: [String]) {
    self.epochs = epochs
    self.measures = measures
  }

  private func text(_ result: BatchResult, prefix: String = "") -> String {
    zip(["loss"] + measures, [result.loss] + result.measures).map { "\(prefix)\($0) \($1.fixed(4))" }
      .joined(separator: "  ")
  }

  mutating func show(_ event: TrainingEvent) {
    switch event {
    case .epochBegan(let epoch, let steps):
      self.epoch = epoch
      self.steps = steps
      lastDrawn = monotonicSeconds()
    case .stepped(let state):
      let now = monotonicSeconds()
      guard now - lastDrawn >= (Terminal.isTerminal ? 0.1 : Self.plainInterval) else { return }
      lastDrawn = now
      draw(step: state.batch, soFar: state.soFar, seconds: state.seconds)
    case .epochEnded(let record, _): finish(record)
    }
  }

  private func draw(step: Int, soFar: BatchResult, seconds: Double) {
    let left = seconds / Double(step) * Double(steps - step)
    let rate = "\(Int(Double(soFar.count) / seconds).grouped) images/s"
    let head = "epoch \(epoch)/\(epochs)"
    let tail = "\(step)/\(steps)  \(text(soFar))  \(rate)  \(Int(left.rounded(.up))) s left"
    guard Terminal.isTerminal else {
      Terminal.write("\(head)  \(tail)\n")
      return
    }
    let room = max(8, min(30, Terminal.width - head.count - tail.count - 5))
    let filled = room * step / max(1, steps)
    let bar = String(repeating: "━", count: filled)
    let rest = String(repeating: "─", count: room - filled)
    let coloured = Terminal.hasColour ? "\u{1B}[32m\(bar)\u{1B}[2;39m\(rest)\u{1B}[0m" : bar + rest
    Terminal.write("\r\u{1B}[K\(head)  \(coloured)  \(tail)")
  }

  private func finish(_ record: EpochRecord) {
    let test = record.validation.map { "  " + text($0, prefix: "test ") } ?? ""
    let line =
      "epoch \(record.epoch)/\(epochs)  \(record.steps) steps  \(text(record.training))\(test)  "
      + "\(record.seconds.fixed(1)) s"
    Terminal.write((Terminal.isTerminal ? "\r\u{1B}[K" : "") + line + "\n")
  }
}

extension Double {
  /// With a fixed number of decimals.
  func fixed(_ decimals: Int) -> String {
    guard isFinite else { return "\(self)" }
    let factor = (0..<decimals).reduce(1.0) { result, _ in result * 10 }
    let scaled = Int((magnitude * factor).rounded())
    let whole = scaled / Int(factor)
    let fraction = String(scaled % Int(factor))
    let sign = self < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
