import MartletCore

extension Encoder {
  /// A source whose channels lie in strips, under the columns of the groups that need them; see channelwise.cl.
  struct Strips {
    var x: Operand
    var count: Int
    /// Numbers from pixel to pixel, from input to input of a group, from strip to strip.
    var steps: (pixel: Int, k: Int, strip: Int)
  }

  /// A picture, or what stands for one, with its channels in strips: where it is, if each column has a channel of its own and
  /// no strip is broken off.
  func strips(_ x: Operand, pixels: Int, groups: Int, columns: Int, inputs: Int) throws -> Strips {
    let (all, vector) = (groups * columns, shape.vector)
    let count = (all + vector - 1) / vector
    if columns == 1 && inputs == 1 && all % vector == 0 {
      return Strips(x: x, count: count, steps: (all, 1, vector))
    }
    let y = try scratch(count * pixels * inputs * vector)
    try run(
      "spread", of: "channelwise", macros: shape.stripMacros,
      [
        .array(x), .array(y), .int(count * pixels), .int(pixels), .int(all), .int(columns), .int(inputs),
      ], items: count * pixels)
    return Strips(x: y, count: count, steps: (inputs * vector, vector, pixels * inputs * vector))
  }

  /// Zeros for whatever lies outside of a source.
  func zeros(_ count: Int) throws -> Operand {
    let needed = max(count, shape.vector).nextPowerOfTwo
    return try table(["zeros", needed] as [AnyHashable]) { [Float](repeating: 0, count: needed) }
  }

  /// A product of few columns in each of many groups, on CPUs.
  func channelwise(
    _ product: Product, _ epilogue: Epilogue, source: Strips, inputs: [Operand], c: Operand
  ) throws {
    var product = product
    product.aSteps = (source.steps.pixel, source.steps.k, source.steps.strip)
    let numbers = Argument.ints(product.numbers(epilogue))
    let columns = product.columns * product.batch
    let count = source.count * product.tapCount * product.depth
    let panels = try scratch(count * shape.vector)
    try run(
      "packLanes", of: "channelwise", macros: shape.stripMacros,
      [.array(inputs[1]), .array(panels), .array(product.taps), .int(count), .int(columns), numbers],
      items: count)
    let lines = product.rows / max(1, product.points.width)
    let operands = [source.x, panels, c, product.taps, try zeros(source.steps.pixel)]
    try run(
      "channelwise", of: "channelwise", macros: shape.stripMacros,
      (operands + extras(epilogue, inputs, unused: c)).map { .array($0) } + [.int(columns), numbers],
      items: [(source.count + TileShape.stripSpan - 1) / TileShape.stripSpan, lines, 1], group: [1, 1, 1])
  }
}

extension Int {
  /// The smallest power of two that is at least as large, for positive numbers.
  var nextPowerOfTwo: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
