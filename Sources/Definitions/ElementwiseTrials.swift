import MartletCore

extension Trial {
  /// Every opcode on numbers of both kinds, then programs.
  public static var elementwise: [Trial] {
    ElementwiseOpcode.allCases.flatMap { [edges(of: $0), integers(of: $0)] } + sweeps + broadcasts
      + scalesAndShifts + conversions + numbersAlone
  }

  /// Numbers at the edges, then ordinary ones: pairs and triples of them meet because the lists have lengths without a
  /// common factor.
  private static func edges(of opcode: ElementwiseOpcode) -> Trial {
    let edges: [Float] = [
      0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -2.5, 100, -100, 1e-3, 88.5, -87, -103, 1e10, -1e10, 3e38,
      1e-38, 0x1p-140, .infinity, -.infinity, .nan, 16_777_216, 7, -7, 0.625,
    ]
    let count = 30 * 31
    @Sendable func operands() -> [HostArray] {
      let numbers = edges + noise([61], seed: 3).values().map { $0 * 9 }
      var lists: [[Float]] = [
        (0..<count).map { edges[$0 % 30] }, (0..<count).map { numbers[$0 % 31] },
        (0..<count).map { numbers[$0 % 37] },
      ]
      for i in 0..<count {
        let (a, b) = (lists[0][i], lists[1][i])
        switch opcode {
        // Angles of which a float knows nothing more, and products that overflow where they are rounded by themselves.
        case .sin, .cos: if a.isFinite && a.magnitude > 1e9 { lists[0][i] = 7 }
        case .multiplyAdd: if !(a * b).isFinite { (lists[0][i], lists[1][i]) = (1, 1) }
        default: break
        }
      }
      return lists.prefix(opcode.operandCount).map { HostArray($0) }
    }
    let (relative, absolute) = tolerance(opcode)
    return Trial(
      .elementwise(.single(opcode)), "\(opcode) of numbers at the edges", operands(),
      outputs: [Output([count], relative: relative, absolute: absolute)])
  }

  /// Single operations are rounded once; functions have the errors that their doc comments state; exact cancellations
  /// of a * b + c are known only to the rounding of a * b.
  private static func tolerance(_ opcode: ElementwiseOpcode) -> (relative: Double, absolute: Double) {
    switch opcode {
    case .exp, .sigmoid, .power: (2.5e-7, 2e-38)
    case .log, .tanh: (2.5e-7, 0)
    case .sin, .cos, .erf: (0, 3e-7)
    case .multiplyAdd: (3e-7, 1e-4)
    default: (6e-8, 1.5e-45)
    }
  }

  private static func integers(of opcode: ElementwiseOpcode) -> Trial {
    let numbers: [Int32] = [0, 1, -1, 2, -2, 7, -7, 100, 46341, .max, .min, 12, -13, 31]
    let count = 14 * 13
    @Sendable func operands() -> [HostArray] {
      var lists: [[Int32]] = [14, 13, 11].map { length in (0..<count).map { numbers[$0 % length] } }
      switch opcode {
      // Where functions of real numbers are steep or nearly whole, rounding decides; powers stay short.
      case .exp, .log, .squareRoot, .reciprocal, .sin, .cos, .tanh, .sigmoid, .erf:
        lists[0] = lists[0].map { $0.magnitude > 10 ? $0 % 3 : $0 }
      case .power: lists[1] = lists[1].map { $0 > 1000 ? $0 % 1000 : $0 }
      default: break
      }
      return lists.prefix(opcode.operandCount).map { HostArray($0) }
    }
    return Trial(
      .elementwise(.single(opcode, isInteger: true)), "\(opcode) of whole numbers", operands(),
      outputs: [Output([count], .int32)])
  }

  /// The stated errors on fine steps.
  private static var sweeps: [Trial] {
    let sweeps: [(ElementwiseOpcode, ClosedRange<Float>)] = [
      (.exp, -87...88), (.tanh, -10...10), (.sigmoid, -80...20), (.log, 0.001...10), (.sin, -8000...8000),
      (.cos, -8000...8000), (.sin, -4e8...4e8), (.erf, -5...5),
    ]
    return sweeps.map { opcode, range in
      let step = (range.upperBound - range.lowerBound) / 4999
      let (relative, absolute) = tolerance(opcode)
      return Trial(
        .elementwise(.single(opcode)), "\(opcode) between \(range.lowerBound) and \(range.upperBound)",
        [HostArray((0..<5000).map { range.lowerBound + Float($0) * step })],
        outputs: [Output([5000], relative: relative, absolute: absolute)])
    }
  }

  /// a - b for every way that b's shape can stretch to the output's, and for both operands.
  private static var broadcasts: [Trial] {
    differences([
      ([7], []), ([4, 5], [5]), ([4, 5], [4, 1]), ([4, 5], [1, 5]), ([3, 4, 5], [4, 1]),
      ([3, 4, 5], [3, 1, 5]), ([3, 4, 5], [3, 1, 1]), ([2, 3, 4, 5], [3, 1, 5]),
      ([2, 3, 1, 5, 3], [2, 1, 1, 5, 1]), ([40, 64], [64]), ([3, 1500], [1500]), ([3, 1500], [3, 1]),
      ([9, 7, 24], [24]), ([9, 7, 24], [7, 1]), ([1, 1], [1]), ([2, 9000], [2, 9000]), ([0, 3], [3]),
      ([700, 37], [37]),
    ])
  }

  static var largeElementwise: [Trial] { differences([([1000, 1000], [1000, 1000])]) }

  private static func differences(_ shapes: [(Shape, Shape)]) -> [Trial] {
    shapes.flatMap { large, small in
      [(large, small), (small, large)].map { a, b in
        Trial(
          .elementwise(.single(.subtract)), "\(a) - \(b)", [noise(a, seed: 1), noise(b, seed: 2)],
          outputs: [Output(large)])
      }
    }
  }

  /// Two instructions with two operands that repeat, in the same period and in another one.
  private static var scalesAndShifts: [Trial] {
    let program = ElementwiseProgram(
      inputCount: 3, instructions: [.init(.multiplyAdd, 0, 1, 2), .init(.relu, 3)], results: [4])
    return [1, 2, 7, 10, 16, 48, 130, 1000, 1030].flatMap { channels in
      [[channels], [2, channels]].map { (shift: Shape) in
        let shape: Shape = [5000 / channels + 3, 2, channels]
        return Trial(
          .elementwise(program), "\(shape) scaled and shifted by \(shift)",
          [noise(shape, seed: 1), noise([channels], seed: 2), noise(shift, seed: 3)],
          outputs: [Output(shape, relative: 1e-6, absolute: 1e-6)])
      }
    }
  }

  /// From every type to every type.
  private static var conversions: [Trial] {
    let floats: [Float] = [
      0, -0.5, 0.9, -1.9, 2.5, 254.9, 255.5, 300, -3e9, 3e9, 2_147_483_520, .nan, .infinity,
    ]
    let integers: [Int32] = [0, 1, -1, 255, 256, .max, .min]
    let (bytes, truths) = ((0..<256).map { UInt8($0) }, (0..<77).map { $0 % 3 == 0 })
    func trial(_ array: HostArray, isInteger: Bool = false) -> Trial {
      let program = ElementwiseProgram(
        inputCount: 1, instructions: [], results: [0, 0, 0, 0], isInteger: isInteger)
      let text = "\(array.dtype) to every type\(isInteger ? " by whole numbers" : "")"
      return Trial(
        .elementwise(program), text, [array],
        outputs: DType.allCases.map { dtype in
          Output(array.shape, dtype, relative: dtype == .float32 ? 6e-8 : 0)
        })
    }
    return [
      trial(HostArray(floats)), trial(HostArray(integers), isInteger: true), trial(HostArray(bytes)),
      trial(HostArray(truths)), trial(HostArray(bytes), isInteger: true),
      // A small integer array stretched over a float one.
      Trial(
        .elementwise(.single(.multiply)), "whole numbers by floats",
        [noise([5, 7], seed: 4), HostArray([1, 2, 3, 4, 5, 6, 7] as [Int32])],
        outputs: [Output([5, 7])]),
    ]
  }

  private static var numbersAlone: [Trial] {
    [
      Trial(
        .elementwise(.single(.add)), "two numbers", [], numbers: [.float(2), .integer(3)],
        outputs: [Output([3, 700])]),
      Trial(
        .elementwise(.single(.exp)), "one number", [], numbers: [.float(0)], outputs: [Output([])]),
      Trial(
        .elementwise(.single(.multiply)), "an array and a number", [HostArray([3, 4] as [Float])],
        numbers: [.float(2)], outputs: [Output([2])]),
      Trial(
        .elementwise(.single(.power)), "an array to a power", [HostArray([3, 4] as [Float])],
        numbers: [.float(2)], outputs: [Output([2])]),
    ]
  }
}
