extension PlanPass {
  /// Random numbers, and what is made of nothing else, are made again where they are used after a wait, as dropout's
  /// mask in the backward pass:
  ///
  ///     m = random(key) > rate;  y = x * m;  …;  dx = dy * m      →      …;  m' = random(key) > rate;  dx = dy * m'
  ///
  /// A key gives the same numbers each time, so the bits are the same, and no mask waits in memory.
  static let randomRecomputation = PlanPass(name: "random") { program in
    let waits = program.waitsOfRandomValues()
    guard !waits.isEmpty else { return }
    var repetition = Repetition(program, waits)
    repetition.run()
    program = repetition.program
  }
}

extension Program {
  /// When each random value is not used any more where it was made, if one of them is used after that.
  fileprivate func waitsOfRandomValues() -> [Int: Wait] {
    let uses = Uses(self)
    var waits: [Int: Wait] = [:]
    var isUsedAgain = false
    for (index, step) in steps.enumerated() where isRandom(step!, knowing: waits) {
      for output in step!.outputs where !uses.leaves(output.value) {
        let times = [index] + uses.readers(of: output.value).sorted()
        let again = zip(times, times.dropFirst()).first { $1 - $0 > Self.longestStay }
        waits[output.value] = Wait(maker: index, last: again?.0 ?? times.last!, next: again?.1 ?? steps.count)
        isUsedAgain = isUsedAgain || again != nil
      }
    }
    return isUsedAgain ? waits : [:]
  }

  /// Steps over which a value waits without being made again.
  private static var longestStay: Int { 4 }

  private func isRandom(_ step: Step, knowing random: [Int: Wait]) -> Bool {
    switch step.primitive {
    case .random: true
    case .elementwise:
      step.inputs.contains { random[$0.value] != nil }
        && step.inputs.allSatisfy { random[$0.value] != nil || values[$0.value].shape.count == 1 }
    default: false
    }
  }
}
