/// Memory for the values of a program: results where they leave, all others in one arena, in which values that are not
/// alive at the same time lie over each other.
struct MemoryPlan {
  static let inPlaceName = "inplace"
  static let alignment = 64

  private(set) var places: [Plan.Place]
  private(set) var arenaSize = 0

  /// Values that share memory from the first one's making to the last one's last use.
  private struct Block {
    var values: [Int]
    var byteCount: Int
    /// A step runs at twice its position, and updates after it at the time that follows.
    var lifetime: ClosedRange<Int>
    var result: Int?
  }

  /// - Parameter inPlace: whether elementwise steps may write where an operand stands that nobody needs any more.
  init(_ program: Program, inPlace: Bool) {
    places = program.values.map { value in
      switch value.source {
      case .array(let record): .value(record)
      case .number(let record): .number(record)
      case .step: .arena(0)
      }
    }
    var blocks = Self.blocks(program)
    if inPlace { Self.join(&blocks, program) }
    for block in blocks where block.result != nil {
      for value in block.values { places[value] = .result(block.result!) }
    }
    place(blocks.filter { $0.result == nil && !$0.values.isEmpty })
  }

  /// The bytes that are alive in the arena at each step.
  static func bytesAlive(_ program: Program, inPlace: Bool) -> [Int] {
    var blocks = blocks(program)
    if inPlace { join(&blocks, program) }
    var changes = [Int](repeating: 0, count: program.steps.count + 1)
    for block in blocks where block.result == nil && !block.values.isEmpty {
      changes[block.lifetime.lowerBound / 2] += block.byteCount
      changes[block.lifetime.upperBound / 2 + 1] -= block.byteCount
    }
    for index in changes.indices.dropFirst() { changes[index] += changes[index - 1] }
    return changes.dropLast()
  }

  /// One block for each value that a step makes; empty ones for the rest.
  private static func blocks(_ program: Program) -> [Block] {
    var blocks = program.values.map {
      Block(values: [], byteCount: $0.byteCount, lifetime: 0...0, result: nil)
    }
    for (index, step) in program.steps.enumerated() {
      let time = 2 * index
      for output in step!.outputs {
        blocks[output.value].values = [output.value]
        blocks[output.value].lifetime = time...time
      }
      for input in step!.inputs where !blocks[input.value].values.isEmpty {
        blocks[input.value].lifetime = blocks[input.value].lifetime.lowerBound...time
      }
    }
    for (position, result) in program.results.enumerated() { blocks[result].result = position }
    for (update, step) in zip(program.updates, program.updateSteps()) {
      let value = program.results[update.result]
      let lifetime = blocks[value].lifetime
      blocks[value].lifetime = lifetime.lowerBound...max(lifetime.upperBound, 2 * step + 1)
      blocks[value].result = nil
    }
    return blocks
  }

  /// Lets outputs take over the blocks of operands of their size that end there, where primitives allow it.
  private static func join(_ blocks: inout [Block], _ program: Program) {
    // The block that a value lies in now.
    var block = Array(blocks.indices)
    for (index, step) in program.steps.enumerated() {
      guard let step else { continue }
      let (outputs, inputs) = step.replaceable
      var taken: Set<Int> = []
      for output in outputs {
        let own = block[output.value]
        let operand = inputs.first { input in
          let other = block[input.value]
          return !blocks[other].values.isEmpty && blocks[other].result == nil && !taken.contains(other)
            && blocks[other].lifetime.upperBound == 2 * index
            && program.values[input.value].shape.count == program.values[output.value].shape.count
            && program.values[input.value].dtype == program.values[output.value].dtype
        }
        guard let operand else { continue }
        let other = block[operand.value]
        taken.insert(own)
        blocks[own].values += blocks[other].values
        blocks[own].lifetime = blocks[other].lifetime.lowerBound...blocks[own].lifetime.upperBound
        for value in blocks[other].values { block[value] = own }
        blocks[other].values = []
      }
    }
  }

  /// The largest blocks first, each at the lowest place where nothing lies that is alive at the same time (Pisarchyk,
  /// Lee 2020, *Efficient memory management for deep neural net inference*, "greedy by size").
  private mutating func place(_ blocks: [Block]) {
    var placed: [(block: Block, offset: Int)] = []
    for block in blocks.sorted(by: {
      ($1.byteCount, $0.lifetime.lowerBound) < ($0.byteCount, $1.lifetime.lowerBound)
    }) {
      let size = (block.byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
      var offset = 0
      // `placed` is in the order of offsets.
      for other in placed where other.block.lifetime.overlaps(block.lifetime) {
        if other.offset >= offset + size { break }
        let end = other.offset + other.block.byteCount
        offset = max(offset, (end + Self.alignment - 1) / Self.alignment * Self.alignment)
      }
      let position = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert((block, offset), at: position)
      arenaSize = max(arenaSize, offset + size)
      for value in block.values { places[value] = .arena(offset) }
    }
  }
}

extension Program.Step {
  /// The outputs that may lie where one of the inputs beside them does.
  fileprivate var replaceable: (outputs: [Program.Argument], inputs: [Program.Argument]) {
    switch primitive {
    case .elementwise: (outputs, inputs)
    case .batchNormalizationBackward: ([outputs[0]], [inputs[0]])
    default: ([], [])
    }
  }
}

extension Device {
  /// Memory for a plan: a training step and an evaluation share what the larger of them needs, and a process takes as
  /// much as its largest plan.
  func takeArena(byteCount: Int) throws -> any DeviceBuffer {
    if let known = arenas.take(byteCount: byteCount) { return known }
    trim()
    return try allocate(byteCount: byteCount)
  }
}
