extension Program {
  /// Computes values again near their later use until the arena fits into a number of bytes, one value after another:
  /// of those that wait over the fullest step, the one that frees the most bytes for the work of making it again.
  ///
  ///     a = f(x);  b = g(a);  …;  h(a)      →      a = f(x);  b = g(a);  …;  a' = f(x);  h(a')
  ///
  /// What `f` reads may be computed again for it. Primitives and numbers are the same, so the bits are too.
  ///
  /// - Returns: the size of the arena, larger than asked for where nothing helps any more.
  mutating func computeAgain(toFit byteCount: Int, inPlace: Bool) -> Int {
    let waits = waits()
    func order(_ rank: (Wait) -> Double) -> [Int] {
      waits.keys.sorted { (rank(waits[$0]!), $1) > (rank(waits[$1]!), $0) }
    }
    var (best, least) = (self, Int.max)
    // Where paths meet, as between residual blocks, values are cheap to make again, but only from those before, all the
    // way back. Where they do not help enough, the second try leaves them to the end.
    for order in [order(\.worth), order { $0.isJoint ? $0.worth - 1e9 : $0.worth }] where least > byteCount {
      let (program, size) = computingAgain(order, waits, toFit: byteCount, inPlace)
      if size < least { (best, least) = (program, size) }
    }
    self = best
    return least
  }

  /// - Parameter order: the values, those first that are best to make again.
  private func computingAgain(
    _ order: [Int], _ waits: [Int: Wait], toFit byteCount: Int, _ inPlace: Bool
  ) -> (Program, Int) {
    var chosen: [Int: Wait] = [:]
    var refused: Set<Int> = []
    var (program, positions) = (self, Array(steps.indices))
    var fullest = Fullest(program, inPlace)
    while fullest.byteCount > byteCount || MemoryPlan(program, inPlace: inPlace).arenaSize > byteCount {
      let position = positions[fullest.step]
      guard
        let value = order.first(where: {
          chosen[$0] == nil && !refused.contains($0) && waits[$0]!.contains(position)
        })
      else { break }
      var repetition = Repetition(self, chosen.merging([value: waits[value]!]) { $1 })
      repetition.run()
      let next = Fullest(repetition.program, inPlace)
      if next < fullest {
        chosen[value] = waits[value]
        (program, positions, fullest) = (repetition.program, repetition.positions, next)
        // What did not help before may help now.
        refused = []
      } else {
        refused.insert(value)
      }
    }
    return (program, MemoryPlan(program, inPlace: inPlace).arenaSize)
  }

  /// The longest time that each value waits for a reader; nothing for those that leave or never wait.
  private func waits() -> [Int: Wait] {
    var uses = [[Int]](repeating: [], count: values.count)
    var makers = [Int](repeating: -1, count: values.count)
    for (index, step) in steps.enumerated() {
      for output in step!.outputs {
        makers[output.value] = index
        uses[output.value] = [index]
      }
      for input in step!.inputs where makers[input.value] >= 0 { uses[input.value].append(index) }
    }
    for result in results { uses[result] = [] }
    var waits: [Int: Wait] = [:]
    for (value, uses) in uses.enumerated() {
      let longest = zip(uses, uses.dropFirst()).max { $0.1 - $0.0 < $1.1 - $1.0 }
      guard let (last, next) = longest, next - last > 1 else { continue }
      let maker = steps[makers[value]]!
      // Statistics are not worth the pass that made them beside a large result.
      guard maker.outputs.allSatisfy({ self[$0].byteCount <= 2 * values[value].byteCount }) else { continue }
      let work = maker.work(in: self)
      waits[value] = Wait(
        maker: makers[value], last: last, next: next, worth: Double(values[value].byteCount) / max(work, 1),
        isJoint: uses.filter { $0 <= last }.count > 2)
    }
    return waits
  }
}

/// A value that is used by some steps, and then for a long time by none.
struct Wait {
  let maker: Int
  /// The last step before, and the first one after.
  let last: Int
  let next: Int
  /// The bytes that it frees for the work of making it again.
  var worth = 0.0
  /// Whether several steps read it before its wait.
  var isJoint = false

  func contains(_ step: Int) -> Bool { last < step && step < next }
}

/// The step at which the most bytes are alive, and how many there are of its kind.
private struct Fullest: Comparable {
  private(set) var byteCount = 0
  private(set) var step = 0
  private var steps = 0

  init(_ program: Program, _ inPlace: Bool) {
    for (index, bytes) in MemoryPlan.bytesAlive(program, inPlace: inPlace).enumerated() {
      if bytes > byteCount { (byteCount, step, steps) = (bytes, index, 0) }
      if bytes == byteCount { steps += 1 }
    }
  }

  static func < (a: Fullest, b: Fullest) -> Bool { (a.byteCount, a.steps) < (b.byteCount, b.steps) }
}

/// A program in which some values are made again before they are used after their wait.
struct Repetition {
  let original: Program
  let chosen: [Int: Wait]
  private(set) var program: Program
  /// The step of the original before which each step stands, or which it is.
  private(set) var positions: [Int] = []
  private var copies: [Int: Int] = [:]

  init(_ original: Program, _ chosen: [Int: Wait]) {
    (self.original, self.chosen) = (original, chosen)
    program = original
    program.steps = []
  }

  mutating func run() {
    for (index, step) in original.steps.enumerated() { append(step!, at: index) }
  }

  private mutating func append(_ step: Program.Step, at position: Int) {
    var step = step
    for input in step.inputs.indices {
      step.inputs[input].value = value(step.inputs[input].value, at: position)
    }
    program.steps.append(step)
    positions.append(position)
  }

  /// What a step reads in place of a value.
  private mutating func value(_ value: Int, at position: Int) -> Int {
    guard let wait = chosen[value], position > wait.last else { return value }
    if let copy = copies[value] { return copy }
    var step = original.steps[wait.maker]!
    step.isRepeated = true
    for output in step.outputs.indices {
      let value = step.outputs[output].value
      step.outputs[output].value = program.values.count
      program.values.append(program.values[value])
      if chosen[value] != nil { copies[value] = step.outputs[output].value }
    }
    let known = copies
    append(step, at: position)
    // What was made on the way to a joint would wait for its own use there; it is made once more instead.
    if wait.isJoint { copies = copies.filter { known[$0.key] != nil || chosen[$0.key]!.isJoint } }
    return copies[value]!
  }
}

extension Program.Step {
  /// How long it takes, in bytes that could be moved meanwhile: five operations a byte.
  fileprivate func work(in program: Program) -> Double {
    let moved = (inputs + outputs).reduce(0.0) { $0 + Double(program[$1].byteCount) }
    switch primitive {
    case .convolution(_, let geometry, _): return moved + 0.4 * Double(geometry.multiplyAccumulates)
    case .gemm(let product, _):
      return moved + 0.4 * Double(product.batch * product.m) * Double(product.n * product.k)
    case .random: return 8 * moved
    default: return moved
    }
  }
}
