import MartletCore

/// The structure of the same name in gemm.cl: a product whose rows are points of a lattice over pictures.
struct Product {
  var rows: Int
  var columns: Int
  /// Length of a row of the source under one tap.
  var depth: Int
  /// Offsets (depth, height, width) and the place in B of each tap.
  var taps: Operand
  var tapCount: Int
  var points: Extent
  var step = Extent(repeating: 1)
  var source: Extent
  var result: Extent
  var start = Extent(repeating: 0)
  var stride = Extent(repeating: 1)
  var aSteps: (pixel: Int, k: Int, batch: Int)
  var bSteps: (k: Int, n: Int, batch: Int)
  var cSteps: (pixel: Int, batch: Int)
  /// The step of what has one number a column.
  var rowBatch = 0
  /// Matrices of the batch, or groups.
  var batch: Int

  fileprivate func numbers(_ epilogue: Epilogue) -> [Int] {
    let flags = [
      epilogue.hasBias, epilogue.hasScale, epilogue.hasShift, epilogue.hasResidual, epilogue.hasMask,
    ]
    let bits = flags.enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) }
    let extents = [points, step, source, result, start, stride].flatMap { [$0.depth, $0.height, $0.width] }
    return [rows, columns, depth, tapCount] + extents + [
      aSteps.pixel, aSteps.k, aSteps.batch, bSteps.k, bSteps.n, bSteps.batch, cSteps.pixel, cSteps.batch,
      rowBatch, bits, Int(epilogue.activation.rawValue),
    ]
  }
}

extension Encoder {
  /// c = epilogue(op(a) · op(b)): a is a picture of height 1 with a pixel for each row.
  func gemm(_ g: GEMM, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let row = Extent(1, 1, g.m)
    let product = Product(
      rows: g.m, columns: g.n, depth: g.k, taps: try table("one tap") { [0, 0, 0, 0] as [Int32] },
      tapCount: 1,
      points: row, source: row, result: row,
      aSteps: (g.transposeA ? 1 : g.k, g.transposeA ? g.m : 1, g.sharesA ? 0 : g.m * g.k),
      bSteps: (g.transposeB ? 1 : g.n, g.transposeB ? g.k : 1, g.sharesB ? 0 : g.k * g.n),
      cSteps: (g.n, g.m * g.n), batch: g.batch)
    try multiply(product, epilogue, inputs: inputs, c: c)
  }

  /// Runs a product on tiles; products with few columns in each of many groups by single results.
  func multiply(_ product: Product, _ epilogue: Epilogue, inputs: [Operand], c: Operand) throws {
    let more = extras(epilogue, inputs, unused: c)
    let numbers = Argument.ints(product.numbers(epilogue))
    if product.rowBatch > 0 && product.columns < 16 {
      let count = product.rows * product.columns * product.batch
      let operands = [inputs[0], inputs[1], c, product.taps] + more
      try run(
        "multiplyDirect", of: "gemm", macros: shape.macros,
        operands.map { .array($0) } + [.int(count), .int(product.batch), numbers], items: count)
      return
    }
    let strips = (product.columns + shape.columnsOfGroup - 1) / shape.columnsOfGroup
    var b = inputs[1]
    var zeros = c
    if shape.slab == nil {
      let count = product.batch * strips * product.tapCount * product.depth
      b = try scratch(count * shape.columnsOfGroup)
      try run(
        "pack", of: "gemm", macros: shape.macros,
        [.array(inputs[1]), .array(b), .array(product.taps), .int(count), .int(strips), numbers], items: count
      )
      let needed = max(64, product.depth).nextPowerOfTwo
      zeros = try table(["zeros", needed] as [AnyHashable]) { [Float](repeating: 0, count: needed) }
    }
    let blocks = (product.rows + shape.rowsOfGroup - 1) / shape.rowsOfGroup
    let operands = [inputs[0], b, c, product.taps, zeros] + more
    try run(
      "multiply", of: "gemm", macros: shape.macros, operands.map { .array($0) } + [numbers],
      items: [strips * shape.itemsAcross, blocks * shape.itemsDown, product.batch],
      group: [shape.itemsAcross, shape.itemsDown, 1])
  }

  /// Bias, scale, shift, residual and mask; another array stands for those that are not there.
  private func extras(_ epilogue: Epilogue, _ inputs: [Operand], unused: Operand) -> [Operand] {
    var rest = inputs.dropFirst(2)
    return [
      epilogue.hasBias, epilogue.hasScale, epilogue.hasShift, epilogue.hasResidual, epilogue.hasMask,
    ].map { $0 ? rest.removeFirst() : unused }
  }
}

extension Int {
  /// The smallest power of two that is at least as large, for positive numbers.
  var nextPowerOfTwo: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
