import MartletCore

extension Encoder {
  /// Runs a program as a kernel of its own, written from its instructions.
  func elementwise(_ program: ElementwiseProgram, inputs: [Operand], outputs: [Operand]) throws {
    let shape = outputs[0].shape
    guard shape.count > 0 else { return }
    let walks = inputs.map { Walk($0, over: shape) }
    let source = ElementwiseSource(
      program, inputs: zip(inputs, walks).map { ($0.dtype, $1) }, outputs: outputs.map(\.dtype))
    var arguments: [Argument] = [.int(shape.count)]
    for (input, walk) in zip(inputs, walks) {
      switch walk {
      case .number: arguments.append(.word(input.word))
      case .whole: arguments.append(.array(input))
      case .repeated: arguments += [.array(input), .int(input.shape.count)]
      case .strided: arguments += [.array(input), .ints(Walk.steps(input.shape, over: shape))]
      }
    }
    arguments += outputs.map { .array($0) }
    try run("program", of: "elementwise", text: source.text, arguments, items: shape.count)
  }

  /// A number everywhere, converted to the type of the array.
  func fill(number: Operand, y: Operand) throws {
    let isInteger = number.dtype != .float32 && y.dtype != .float32
    try elementwise(.single(.identity, isInteger: isInteger), inputs: [number], outputs: [y])
  }
}

/// Where a program finds the element of an input that belongs to element i of the output.
enum Walk: Hashable {
  /// A number by value.
  case number
  /// Element i.
  case whole
  /// Element i % count: the input is the last axes of the output.
  case repeated
  /// By the coordinates of i.
  case strided

  init(_ input: Operand, over output: Shape) {
    let shape = input.shape
    if input.isScalar {
      self = .number
    } else if shape.count == output.count {
      self = .whole
    } else {
      let own = shape.sizes.drop { $0 == 1 }
      self = own == output.sizes.suffix(own.count)[...] ? .repeated : .strided
    }
  }

  /// The sizes of the output's axes, five of them, and the input's step along each: 0 where it repeats.
  static func steps(_ input: Shape, over output: Shape) -> [Int] {
    var sizes: [Int] = []
    var steps: [Int] = []
    var step = 1
    for fromEnd in 1...Shape.maximumRank {
      let own = fromEnd <= input.rank ? input[-fromEnd] : 1
      sizes.append(fromEnd <= output.rank ? output[-fromEnd] : 1)
      steps.append(own == 1 ? 0 : step)
      step *= own
    }
    return sizes.reversed() + steps.reversed()
  }
}
