import MartletCore

extension Encoder {
  /// Runs a program as a kernel of its own, written from its instructions.
  func elementwise(_ program: ElementwiseProgram, inputs: [Operand], outputs: [Operand]) throws {
    let shape = outputs[0].shape
    guard shape.count > 0 else { return }
    let walks = inputs.map { Walk($0, over: shape) }
    let rows = self.shape.isForCPUs ? RowsOfElements(inputs, walks, over: shape) : nil
    let source = ElementwiseSource(
      program,
      inputs: zip(inputs, walks).map { ($0.dtype, $1, $0.shape.staysInRows) }, outputs: outputs.map(\.dtype),
      inRows: rows != nil)
    var arguments: [Argument] =
      rows.map { [.int($0.count), .int($0.length), .int($0.share)] } ?? [.int(shape.count)]
    for (input, walk) in zip(inputs, walks) {
      switch walk {
      case .number: arguments.append(.word(input.word))
      case .whole: arguments.append(.array(input))
      case .repeated: arguments += [.array(input), .int(input.shape.count)]
      case .strided: arguments += [.array(input), .ints(Walk.steps(input.shape, over: shape))]
      }
    }
    arguments += outputs.map { .array($0) }
    try run(
      "program", of: "elementwise", text: source.text, arguments, items: rows?.items ?? shape.count,
      group: rows != nil ? self.shape.group : self.shape.isForCPUs ? 256 : 64)
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

/// Rows of elements along which every input goes on by one or stays where it is, so that its place is found once a row.
private struct RowsOfElements {
  let count: Int
  let length: Int
  /// Rows of an item.
  let share: Int
  var items: Int { (count + share - 1) / share }

  /// Nil where an item an element is better: nothing is stretched, or rows are short.
  init?(_ inputs: [Operand], _ walks: [Walk], over output: Shape) {
    let stretched = zip(inputs, walks).filter { $1 == .repeated || $1 == .strided }.map(\.0.shape)
    guard !stretched.isEmpty, output.rank > 0 else { return nil }
    let sizes = Array(output.sizes)
    // Axes from the end, as long as no input changes its way.
    var length = 1
    for fromEnd in 1...sizes.count {
      let size = sizes[sizes.count - fromEnd]
      let isSame = stretched.allSatisfy { shape in
        let own = fromEnd <= shape.rank ? shape[-fromEnd] : 1
        return size == 1 || (own == 1) == shape.staysInRows
      }
      guard isSame else { break }
      length *= size
      if length >= 1024 { break }
    }
    guard length >= 8 else { return nil }
    self.length = length
    count = output.count / length
    share = max(1, 2048 / length)
  }
}

extension Shape {
  /// Whether an input of this shape is the same along the last axis of the output.
  fileprivate var staysInRows: Bool { rank == 0 || self[-1] == 1 }
}
