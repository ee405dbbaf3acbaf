import Glibc
import MartletCore
import MartletKernelTable

extension CPUDevice {
  /// Runs the program block by block; every instruction is one call of a leaf function on a block.
  func elementwise(_ program: ElementwiseProgram, inputs: [Operand], outputs: [Operand]) throws {
    let count = outputs[0].shape.count
    guard count > 0 else { return }
    let plan = try ElementwisePlan(
      program, inputs: inputs, shape: outputs[0].shape, outputs: outputs, on: self)
    let chunk = max(1, 16384 / plan.blockLength) * plan.blockLength
    nonisolated(unsafe) let shared = plan
    parallel((count + chunk - 1) / chunk) { job in
      run(shared, from: job * chunk, to: min(count, (job + 1) * chunk))
    }
    withExtendedLifetime(plan.converted) {}
  }

  /// - Parameter target: the memory for elements `start` ..< `end` of a result that has no output.
  func run(
    _ plan: ElementwisePlan, from start: Int, to end: Int, target: UnsafeMutableRawPointer? = nil
  ) {
    let length = min(plan.blockLength, (end - start + 15) / 16 * 16)
    // A vector of slack behind every block, and one block for conversions on the way.
    let blockBytes = (length + 16) * 4
    let bytes = plan.numberCount * 64 + (plan.blockCount + 1) * blockBytes
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { memory in
      withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: plan.places.count) {
        registers in
        guard let numbers = memory.baseAddress else { return }
        let blocks = numbers + plan.numberCount * 64
        let spare = blocks + plan.blockCount * blockBytes
        for (register, place) in plan.places.enumerated() {
          switch place {
          case .number(let index): registers[register] = numbers + index * 64
          case .block(let index): registers[register] = blocks + index * blockBytes
          case .array(let memory): registers[register] = memory
          case .target: registers[register] = target!
          }
        }
        for (register, word) in plan.numbers {
          registers[register].assumingMemoryBound(to: UInt32.self).update(repeating: word, count: 16)
        }
        for step in plan.numberSteps {
          perform(step, registers, spare, 16, isInteger: plan.isInteger)
        }
        for (register, load) in plan.preloads {
          perform(load, registers, to: registers[register], start, length, isInteger: plan.isInteger)
        }
        var position = start
        while position < end {
          let count = min(length, end - position)
          for (register, memory) in plan.arrays { registers[register] = memory + 4 * position }
          if let target, let register = plan.target { registers[register] = target + 4 * (position - start) }
          for (register, load) in plan.loads {
            perform(load, registers, to: registers[register], position, count, isInteger: plan.isInteger)
          }
          for step in plan.steps { perform(step, registers, spare, count, isInteger: plan.isInteger) }
          for (register, output) in plan.stores {
            store(registers[register], to: output, at: position, count: count, isInteger: plan.isInteger)
          }
          position += count
        }
      }
    }
  }

  private func perform(
    _ load: ElementwisePlan.Load, _ registers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>,
    to target: UnsafeMutableRawPointer, _ start: Int, _ count: Int, isInteger: Bool
  ) {
    let words = target.assumingMemoryBound(to: UInt32.self)
    switch load {
    case .convert(let operand):
      convert(operand, at: start, count: count, to: target, isInteger: isInteger)
    case .expand(let source, let broadcast):
      broadcast.expand(source, from: start, count: count, to: words)
    case .number(let register):
      words.update(repeating: registers[register].load(as: UInt32.self), count: count)
    }
  }

  private func perform(
    _ step: ElementwisePlan.Step, _ registers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>,
    _ spare: UnsafeMutableRawPointer, _ count: Int, isInteger: Bool
  ) {
    let a = registers[step.a]
    let b = registers[step.b]
    let c = registers[step.c]
    let y = registers[step.target]
    let full = step.full
    let code = step.opcode.rawValue
    let elements = kernels.elements
    if isInteger {
      let a = UnsafePointer(a.assumingMemoryBound(to: Int32.self))
      let b = UnsafePointer(b.assumingMemoryBound(to: Int32.self))
      let c = UnsafePointer(c.assumingMemoryBound(to: Int32.self))
      let y = y.assumingMemoryBound(to: Int32.self)
      switch step.opcode.operandCount {
      case 1 where step.opcode.isReal:
        let real = spare.assumingMemoryBound(to: Float.self)
        elements.floatsFromIntegers(a, real, count)
        elements.unary(code, real, real, count)
        elements.integersFromFloats(real, y, count)
      case 1: elements.integerUnary(code, a, y, count)
      case 2: elements.integerBinary(code - ElementwiseOpcode.add.rawValue, a, full.0, b, full.1, y, count)
      default:
        let code = code - ElementwiseOpcode.select.rawValue
        elements.integerTernary(code, a, full.0, b, full.1, c, full.2, y, count)
      }
    } else {
      let a = UnsafePointer(a.assumingMemoryBound(to: Float.self))
      let b = UnsafePointer(b.assumingMemoryBound(to: Float.self))
      let c = UnsafePointer(c.assumingMemoryBound(to: Float.self))
      let y = y.assumingMemoryBound(to: Float.self)
      switch step.opcode.operandCount {
      case 1: elements.unary(code, a, y, count)
      case 2: elements.binary(code - ElementwiseOpcode.add.rawValue, a, full.0, b, full.1, y, count)
      default:
        let code = code - ElementwiseOpcode.select.rawValue
        elements.ternary(code, a, full.0, b, full.1, c, full.2, y, count)
      }
    }
  }
}

extension ElementwiseOpcode {
  /// Whether whole numbers take the way through float32, and back toward zero.
  fileprivate var isReal: Bool {
    switch self {
    case .squareRoot, .reciprocal, .exp, .log, .sin, .cos, .tanh, .sigmoid, .erf: true
    default: false
    }
  }
}
