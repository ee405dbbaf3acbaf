import MartletLayers

/// How far training is, on standard output: a line that is drawn anew on a terminal, a plain line every few seconds
/// elsewhere, and a line for each epoch. `NO_COLOR` is respected.
public final class ProgressBar: Callback {
  private var steps = 0
  private var lastDrawn = 0.0
  private static let plainInterval = 10.0

  public init() {}

  public func receive(_ event: TrainingEvent, from training: Training) {
    switch event {
    case .began, .ended: break
    case .epochBegan(let steps):
      self.steps = steps
      lastDrawn = monotonicSeconds()
    case .stepped:
      let now = monotonicSeconds()
      guard now - lastDrawn >= (Terminal.isTerminal ? 0.1 : Self.plainInterval) else { return }
      lastDrawn = now
      draw(training.state, training.epochs)
    case .epochEnded(let record): finish(record, training.epochs)
    }
  }

  private func text(_ result: BatchResult, prefix: String = "") -> String {
    ([("loss", result.loss)] + result.measures.map { ($0.name, $0.value) }).map {
      "\(prefix)\($0) \($1.fixed(4))"
    }.joined(separator: "  ")
  }

  private func draw(_ state: TrainingState, _ epochs: Int) {
    let left = state.seconds / Double(state.batch) * Double(steps - state.batch)
    let rate = "\(Int(Double(state.soFar.count) / state.seconds).grouped) images/s"
    let head = "epoch \(state.epoch)/\(epochs)"
    let tail = "\(state.batch)/\(steps)  \(text(state.soFar))  \(rate)  \(Int(left.rounded(.up))) s left"
    guard Terminal.isTerminal else { return Terminal.write("\(head)  \(tail)\n") }
    Terminal.drawBar(head, done: state.batch, of: steps, tail)
  }

  private func finish(_ record: EpochRecord, _ epochs: Int) {
    let test = record.validation.map { "  " + text($0, prefix: "val ") } ?? ""
    let line =
      "epoch \(record.epoch)/\(epochs)  \(record.steps) steps  \(text(record.training))\(test)  "
      + "\(record.seconds.fixed(1)) s"
    Terminal.write((Terminal.isTerminal ? "\r\u{1B}[K" : "") + line + "\n")
  }
}
