import MartletLayers

/// What all optimizers share: rate, decay, clipping, accumulation, and the moments of the parameters.
public final class OptimizerBase {
  public var learningRate: any LearningRateSchedule
  /// Before each step a parameter loses this share, times the rate, of itself (Loshchilov, Hutter 2019, *Decoupled
  /// weight decay regularization*); as in Keras, for every optimizer.
  public let weightDecay: Float
  public let clipping: Clipping
  /// How many mini-batches make one update along the mean of their gradients.
  public let accumulate: Int
  public internal(set) var steps = 0
  public var plateauFactor: Float = 1 {
    didSet { precondition(plateauFactor >= 0, "a plateau factor is not negative; received \(plateauFactor)") }
  }
  /// Mini-batches that wait for their update.
  var gathered = 0
  var memory = OptimizerMemory()
  private(set) var groups: [ParameterGroup] = []

  public init(
    learningRate: any LearningRateSchedule, weightDecay: Float = 0, clipping: Clipping = .none,
    accumulate: Int = 1
  ) {
    precondition(weightDecay >= 0, "weight decay is not negative; received \(weightDecay)")
    precondition(clipping.limit ?? 1 > 0, "gradients are clipped to a limit above 0; received \(clipping)")
    precondition(accumulate > 0, "an update takes at least one mini-batch; received \(accumulate)")
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipping = clipping
    self.accumulate = accumulate
  }

  func addGroup(_ group: ParameterGroup) {
    groups.append(group)
    memory.assign(groups)
  }

  /// The arrays that are kept for each parameter.
  func arrays(of optimizer: any Optimizer) -> [Moment] {
    optimizer.moments + (accumulate > 1 ? [Moment("accumulated")] : [])
  }

  func slots(of parameters: [Parameter], in model: any Layer, by optimizer: any Optimizer) throws -> [Slot] {
    try memory.slots(of: parameters, in: model, arrays: arrays(of: optimizer), groups)
  }

  func update(_ model: any Layer, along gradients: Gradients, by optimizer: any Optimizer) throws {
    let slots = try slots(of: gradients.entries.map(\.parameter), in: model, by: optimizer)
    try advance(
      slots.indices.map { Moving(slots[$0], gradient: gradients.entries[$0].gradient.storage) },
      by: optimizer)
    try endStep()
  }

  /// Whether the mini-batch at hand completes an update.
  private var isComplete: Bool { gathered + 1 == accumulate }

  /// The part of a step that is about some parameters. A step may have several, of different parameters each, unless
  /// lengths of all gradients together are clipped; the last one is followed by `endStep`.
  func advance(_ moving: [Moving], by optimizer: any Optimizer) throws {
    var moving = moving
    if accumulate > 1 {
      try gather(moving)
      guard isComplete else { return }
      for index in moving.indices { moving[index].gradient = moving[index].slot.storages.last! }
    }
    let rate = optimizer.rate
    let scales = try clippingScales(moving)
    try forEachRun(of: moving, scales) { run, scale in
      try move(run, scale, rate * run.slot.rateFactor, optimizer)
    }
  }

  func endStep() throws {
    guard isComplete else {
      gathered += 1
      return
    }
    steps += 1
    gathered = 0
    if accumulate > 1 { try memory.fillLast(with: 0) }
  }

  /// Adds gradients to those of the mini-batches before; the last one makes it their mean.
  private func gather(_ moving: [Moving]) throws {
    let factor: Float = isComplete ? 1 / Float(accumulate) : 1
    let formula = Formula([factor * (Term(.array(0)) + Term(.array(1)))], arrays: 2)
    let pairs = moving.map { [$0.slot.storages.last!, $0.gradient] }
    for pair in joined(pairs) { try encode(formula, pair.map(\.whole), results: [0], of: pair[0]) }
  }

  /// One step of the parameters in a run.
  private func move(_ run: Moving, _ scale: Tensor?, _ rate: Float, _ optimizer: any Optimizer) throws {
    let moments = run.slot.storages.prefix(optimizer.moments.count)
    let storages = [run.parameter, run.gradient] + moments
    let terms = storages.indices.map { Term(.array($0)) }
    var (p, g) = (terms[0], terms[1])
    var operands = storages.map(\.whole)
    if let scale {
      g = g * Term(.array(operands.count))
      operands.append(scale.storage.operand(shape: [1], dtype: .float32))
    }
    if case .value(let limit) = clipping { g = g.clipped(to: limit) }
    if weightDecay > 0 && run.slot.isDecayed { p = (1 - weightDecay * rate) * p }
    let results = optimizer.step(p, g, Array(terms[2...]), rate: rate, number: steps + 1)
    precondition(results.count == terms.count - 1, "a step gives a parameter and its moments")
    try encode(
      Formula(results, arrays: operands.count), operands, results: [0] + Array(2..<storages.count),
      of: storages[0])
  }

  private func encode(_ formula: Formula, _ operands: [Operand], results: [Int], of storage: Storage) throws {
    try storage.device.encode(
      .elementwise(formula.program), inputs: operands + formula.numbers.map { Operand.scalar($0) },
      outputs: results.map { operands[$0] })
  }

  /// What each gradient is multiplied by, where lengths are clipped: limit / max(length, limit).
  private func clippingScales(_ moving: [Moving]) throws -> [Tensor?] {
    switch clipping {
    case .none, .value: return moving.map { _ in nil }
    case .norm(let limit): return try moving.map { try Self.scale([$0.gradient], limit) }
    case .globalNorm(let limit):
      guard !moving.isEmpty else { return [] }
      let scale = try Self.scale(joined(moving.map { [$0.gradient] }).map { $0[0] }, limit)
      return moving.map { _ in scale }
    }
  }

  private static func scale(_ gradients: [Storage], _ limit: Float) throws -> Tensor {
    let tensors = gradients.map { Tensor($0, shape: [$0.byteCount / 4], dtype: .float32) }
    return try withContext(device: gradients[0].device) {
      try compute {
        let squares = tensors.dropFirst().reduce(tensors[0].squared().sum()) { $0 + $1.squared().sum() }
        return Tensor(limit) / maximum(squares.squareRoot(), Tensor(limit))
      }
    }
  }
}
