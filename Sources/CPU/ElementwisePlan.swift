import MartletCore

/// Where every register of a program lives while a block of elements passes through it.
///
/// Inputs of the output's shape and of the program's own type are read in place; results go straight to their outputs
/// where nothing still to be read is overwritten by that. Blocks of several instructions are short: while these work
/// on one, the processor fetches what follows it in every array, but no further than the end of a page.
struct ElementwisePlan {
  enum Place {
    /// One number, as a vector of it.
    case number(Int)
    /// In the memory of an input or output.
    case array(UnsafeMutableRawPointer)
    /// In memory that is handed over for the elements that a job makes.
    case target
    /// A block in scratch memory.
    case block(Int)

    var isFull: Bool {
      if case .number = self { false } else { true }
    }
  }
  enum Load {
    /// Elements of another type.
    case convert(Operand)
    case expand(UnsafePointer<UInt32>, Broadcast)
    /// Everywhere the number of a register.
    case number(Int)
  }
  struct Step {
    var opcode: ElementwiseOpcode
    var a: Int
    var b: Int
    var c: Int
    var target: Int
    /// 1 for each operand that is an array or a block, 0 for numbers.
    var full: (Int, Int, Int)
  }

  var isInteger: Bool
  var places: [Place] = []
  /// The registers that move along with the blocks.
  var arrays: [(register: Int, memory: UnsafeMutableRawPointer)] = []
  /// The register in the memory handed over for it. None where the result is an input, or a number.
  var target: Int?
  /// The numbers known from the start: register and bits.
  var numbers: [(register: Int, word: UInt32)] = []
  /// Filled before the first block, once; for every block.
  var preloads: [(register: Int, load: Load)] = []
  var loads: [(register: Int, load: Load)] = []
  /// Steps on numbers alone, run once; steps on blocks.
  var numberSteps: [Step] = []
  var steps: [Step] = []
  var stores: [(register: Int, output: Operand)] = []
  var numberCount = 0
  var blockCount = 0
  /// Elements of a block.
  var blockLength: Int
  private static let longest = 1024
  /// Keeps converted copies of small inputs alive.
  var converted: [CPUBuffer] = []

  /// - Parameters:
  ///   - shape: that of the results.
  ///   - outputs: none for a program of one result, which goes to the memory handed over for it.
  init(
    _ program: ElementwiseProgram, inputs: [Operand], shape: Shape, outputs: [Operand], on device: CPUDevice
  ) throws {
    isInteger = program.isInteger
    blockLength = program.instructions.count > 1 ? 128 : Self.longest
    try placeInputs(program, inputs, shape: shape, on: device)
    let lastUses = Self.lastUses(program)
    // The outputs that a register may be computed into.
    var direct: [Int: UnsafeMutableRawPointer] = [:]
    for (register, output) in zip(program.results, outputs)
    where register >= program.inputCount && output.dtype == native && direct[register] == nil {
      let memory = output.raw
      let defined = register - program.inputCount
      let isFree = zip(inputs.indices, places).allSatisfy { input, place in
        if case .array(memory) = place { lastUses[input] <= defined } else { true }
      }
      if isFree { direct[register] = memory }
    }
    let targetRegister = outputs.isEmpty ? program.results[0] : nil
    var free: [Int] = []
    for (index, instruction) in program.instructions.enumerated() {
      let target = program.inputCount + index
      let operands = instruction.operands
      let full = operands.map { places[$0].isFull ? 1 : 0 } + [0, 0]
      let step = Step(
        opcode: instruction.opcode, a: operands[0], b: operands.count > 1 ? operands[1] : 0,
        c: operands.count > 2 ? operands[2] : 0, target: target, full: (full[0], full[1], full[2]))
      guard operands.contains(where: { places[$0].isFull }) else {
        places.append(newNumber())
        numberSteps.append(step)
        continue
      }
      // An operand's block may become the result's: kernels read before they write.
      for operand in Set(operands) where lastUses[operand] == index && operand >= program.inputCount {
        if case .block(let block) = places[operand] { free.append(block) }
      }
      if target == targetRegister {
        places.append(.target)
        self.target = target
      } else if let memory = direct[target] {
        places.append(.array(memory))
      } else if let block = free.popLast() {
        places.append(.block(block))
      } else {
        places.append(newBlock())
      }
      steps.append(step)
    }
    placeResults(program, outputs, direct)
    for (register, place) in places.enumerated() {
      if case .array(let memory) = place { arrays.append((register, memory)) }
    }
  }

  /// That of a block of whole periods, and of whole vectors where that does not take too many.
  private func length(ofPeriod period: Int) -> Int {
    let vectors = period << max(0, 4 - period.trailingZeroBitCount)
    let unit = vectors <= Self.longest ? vectors : period
    return (blockLength + unit - 1) / unit * unit
  }

  private var native: DType { isInteger ? .int32 : .float32 }

  private mutating func newNumber() -> Place {
    numberCount += 1
    return .number(numberCount - 1)
  }

  private mutating func newBlock() -> Place {
    blockCount += 1
    return .block(blockCount - 1)
  }

  private mutating func placeInputs(
    _ program: ElementwiseProgram, _ inputs: [Operand], shape: Shape, on device: CPUDevice
  ) throws {
    let count = shape.count
    for (register, input) in inputs.enumerated() {
      if input.isScalar || input.shape.count == 1 {
        numbers.append((register, device.word(of: input, isInteger: isInteger)))
        places.append(newNumber())
      } else if input.shape.count == count {
        if input.dtype == native {
          places.append(.array(input.raw))
        } else {
          places.append(newBlock())
          loads.append((register, .convert(input)))
        }
      } else {
        var source = input.raw
        if input.dtype != native {
          let copy = try device.scratch(floats: input.shape.count)
          device.convert(input, at: 0, count: input.shape.count, to: copy.pointer, isInteger: isInteger)
          converted.append(copy)
          source = copy.pointer
        }
        let broadcast = Broadcast(input.shape, to: shape)
        let load = Load.expand(UnsafePointer(source.assumingMemoryBound(to: UInt32.self)), broadcast)
        places.append(newBlock())
        // Blocks of whole periods are all alike.
        if let period = broadcast.period, period <= Self.longest,
          preloads.isEmpty || blockLength % period == 0
        {
          if preloads.isEmpty { blockLength = length(ofPeriod: period) }
          preloads.append((register, load))
        } else {
          loads.append((register, load))
        }
      }
    }
  }

  private mutating func placeResults(
    _ program: ElementwiseProgram, _ outputs: [Operand], _ direct: [Int: UnsafeMutableRawPointer]
  ) {
    var filled: [Int: Int] = [:]
    for (register, output) in zip(program.results, outputs) {
      if direct[register] == output.raw, places[register].isFull { continue }
      guard !places[register].isFull else {
        stores.append((register, output))
        continue
      }
      // A number is stored from a block full of it, which is a register of its own.
      if filled[register] == nil {
        filled[register] = places.count
        places.append(newBlock())
        preloads.append((places.count - 1, .number(register)))
      }
      stores.append((filled[register] ?? register, output))
    }
  }

  /// For every register the index of the last instruction that reads it; past the end for results.
  private static func lastUses(_ program: ElementwiseProgram) -> [Int] {
    var uses = [Int](repeating: -1, count: program.inputCount + program.instructions.count)
    for (index, instruction) in program.instructions.enumerated() {
      for operand in instruction.operands { uses[operand] = index }
    }
    for register in program.results { uses[register] = program.instructions.count }
    return uses
  }
}
